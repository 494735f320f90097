"""Files that are written: all in one folder that belongs to the command."""

from hspy_cnmf.cli.output import CLUSTER_FILES, DOMAIN_FILES, FILES, output_folder


def test_either_job_knows_the_files_of_both(tmp_path):
    every = {*FILES, *CLUSTER_FILES, *DOMAIN_FILES}
    assert {"analysed.zspy", "report.html"} <= set(FILES) & set(DOMAIN_FILES)
    path = tmp_path / "results"
    with output_folder(path, overwrite=False) as folder:
        for name in every:
            (folder.part / name).write_text(name)
        folder.publish()
    assert {entry.name for entry in path.iterdir()} == every
