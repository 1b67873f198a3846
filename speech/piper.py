"""Speech by Piper: neural voices (.onnx) that an operator brings, in a package of its own.

`piper-tts` is an extra of the installation (``pip install 'huifang[piper]'``); it is imported by
the first use of a Piper voice. A model is loaded once a process (60 MB and half a second for a
medium voice) and speaks one text at a time. Nothing is ever fetched from a network: a voice that
wants more than its two files must have that beside it.
"""

import hashlib
import json
import threading
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import AuthorError, PermanentError, Place, problem
from speech.loudness import level, trim
from speech.sampling import resample
from speech.voice import Voice

RATE = 8000
"""Samples a second on the line."""
OWN_PACE = 160
"""`Voice.speed` at which a model speaks as it was trained."""


class Piper:
    """The speaker `piper`. Any number of objects share the process's loaded models."""

    def check(self, voice: Voice) -> None:
        """Raise AuthorError where package, model or speaker is missing or broken.

        Loads the model: nobody on the line is to wait for that.
        """
        model, configuration = _model(voice)
        _speaker_id(voice, _described(model, configuration))
        _loaded(model, model.stat().st_mtime_ns)

    def identity(self, voice: Voice) -> str:
        """Return engine, version, the hash of the model's files and the settings."""
        model, configuration = _model(voice)
        digest = _digest(model, model.stat().st_mtime_ns, model.stat().st_size)
        described = hashlib.sha256(configuration.read_bytes()).hexdigest()[:16]
        version = metadata.version("piper-tts")
        return f"piper {version} {digest} {described} {voice.voice} {voice.speed}"

    def make(self, text: str, voice: Voice) -> NDArray[np.float32]:
        """Return `text` spoken: 8,000 samples a second, -1 to 1, levelled and trimmed."""
        model, configuration = _model(voice)
        speaker = _speaker_id(voice, _described(model, configuration))
        sound, rate = _loaded(model, model.stat().st_mtime_ns).speak(
            text, speaker, OWN_PACE / voice.speed
        )
        made = level(trim(resample(sound, rate, RATE), RATE), RATE)
        if len(made) == 0:
            raise AuthorError(problem("speech-nothing-said", text=text[:40]))
        return made


class _Loaded:
    """One model, loaded."""

    def __init__(self, model: Path) -> None:
        self._lock = threading.Lock()
        try:
            import onnxruntime
            from piper.config import PiperConfig
            from piper.voice import PiperVoice

            options = onnxruntime.SessionOptions()
            # Calls share this machine: a prompt must not take every core of it.
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(
                str(model), sess_options=options, providers=["CPUExecutionProvider"]
            )
            described = json.loads(Path(f"{model}.json").read_text("utf-8"))
            self._voice = PiperVoice(
                session=session,
                config=PiperConfig.from_dict(described),
                download_dir=model.parent,
            )
        except Exception as error:  # onnxruntime raises classes of its own for a broken model
            raise AuthorError(
                problem("speech-piper-broken", Place(str(model)), detail=str(error)[:200])
            ) from error

    def speak(
        self, text: str, speaker: int | None, slowness: float
    ) -> tuple[NDArray[np.float32], int]:
        """Return samples and their rate. Only one thread at a time speaks."""
        from piper.config import SynthesisConfig

        # [[...]] would be taken for phonemes.
        plain = text.replace("[[", " ").replace("]]", " ")
        wanted = SynthesisConfig(
            speaker_id=speaker,
            length_scale=slowness * (self._voice.config.length_scale or 1.0),
            normalize_audio=False,
        )
        with self._lock:
            try:
                chunks = list(self._voice.synthesize(plain, syn_config=wanted))
            except Exception as error:
                raise PermanentError(
                    problem("speech-piper-failed", text=text[:40], detail=str(error)[:200])
                ) from error
        if not chunks:
            return np.zeros(0, np.float32), RATE
        sound = np.concatenate([chunk.audio_float_array for chunk in chunks])
        return sound.astype(np.float32), int(chunks[0].sample_rate)


def _model(voice: Voice) -> tuple[Path, Path]:
    """Return the model and its description, both there, and the package installed."""
    if voice.model is None:
        raise AuthorError(problem("speech-piper-no-model"))
    if util.find_spec("piper") is None:
        raise AuthorError(problem("speech-piper-not-installed"))
    described = Path(f"{voice.model}.json")
    for file in (voice.model, described):
        if not file.is_file():
            raise AuthorError(problem("speech-piper-model-missing", Place(str(file))))
    return voice.model, described


def _described(model: Path, configuration: Path) -> dict[str, Any]:
    try:
        described = json.loads(configuration.read_text("utf-8"))
        phonemes = described.get("phoneme_type", "espeak")
        described["audio"]["sample_rate"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise AuthorError(
            problem("speech-piper-broken", Place(str(configuration)), detail=str(error)[:200])
        ) from error
    if phonemes == "pinyin" and not (model.parent / "g2pW").is_dir():
        # piper-tts would fetch it from the internet.
        raise AuthorError(problem("speech-piper-needs-g2pw", Place(str(model.parent / "g2pW"))))
    return dict(described)


def _speaker_id(voice: Voice, described: dict[str, Any]) -> int | None:
    """Return the number of the speaker that the voice names; None where it names none."""
    if not voice.voice:
        return None
    named: dict[str, int] = described.get("speaker_id_map") or {}
    if voice.voice in named:
        return int(named[voice.voice])
    if voice.voice.isdigit() and int(voice.voice) < int(described.get("num_speakers", 1)):
        return int(voice.voice)
    known = ", ".join([*named][:10]) or "0"
    raise AuthorError(problem("speech-voice-unknown", voice=voice.voice, known=known))


@lru_cache(maxsize=16)
def _digest(model: Path, _changed: int, _size: int) -> str:
    with model.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


_loading = threading.Lock()


def _loaded(model: Path, changed: int) -> _Loaded:
    with _loading:  # two threads must not load the same 60 MB
        return _load(model, changed)


@lru_cache(maxsize=8)
def _load(model: Path, _changed: int) -> _Loaded:
    return _Loaded(model)
