from pathlib import Path

from speech.recognition.lattices import LATTICE_BEAM, wide


def model(folder: Path, settings: str) -> Path:
    for name in ("am", "conf"):
        (folder / name).mkdir()
    (folder / "am" / "final.mdl").write_text("acoustic")
    (folder / "conf" / "mfcc.conf").write_text("features")
    (folder / "conf" / "model.conf").write_text(settings)
    return folder


def test_a_narrow_lattice_is_widened_beside_the_model(tmp_path: Path) -> None:
    narrow = "--beam=10.0\n--lattice-beam=2.0\n--acoustic-scale=1.0\n"
    folder = model(tmp_path, narrow)
    with wide(folder) as view:
        assert view != folder
        assert (view / "am" / "final.mdl").read_text() == "acoustic"
        assert (view / "conf" / "mfcc.conf").read_text() == "features"
        found = (view / "conf" / "model.conf").read_text()
        assert found == narrow.replace("2.0", str(LATTICE_BEAM))
    assert not view.exists()
    assert (folder / "conf" / "model.conf").read_text() == narrow


def test_a_wide_one_and_a_model_without_settings_stay_as_they_are(tmp_path: Path) -> None:
    with wide(model(tmp_path, "--lattice-beam=8.0\n")) as view:
        assert view == tmp_path
    (tmp_path / "conf" / "model.conf").unlink()
    with wide(tmp_path) as view:
        assert view == tmp_path
