from speech.recognition.grammar import ELSE, compiled, cut, unknown_words
from speech.recognition.rest import syllables

CHINESE = {"不", "满意", "很", "非常", "基本", "基本满意", "一", "按", "是", "的", "[unk]", "yes"}


def knows(word: str) -> bool:
    return word in CHINESE


def test_unspaced_writing_is_cut_into_as_few_known_words_as_possible() -> None:
    assert cut("不满意", knows).words == ("不", "满意")
    assert cut("基本满意", knows).words == ("基本满意",)
    assert cut("是的,非常 满意。", knows).words == ("是", "的", "非常", "满意")


def test_the_earlier_word_is_the_longer_where_numbers_are_equal() -> None:
    assert cut("一二三", lambda word: word in {"一", "一二", "二三", "三"}).words == ("一二", "三")


def test_case_and_width_do_not_matter() -> None:
    assert cut("Ｙｅｓ", knows).words == ("yes",)


def test_what_is_not_known_is_told_in_pieces() -> None:
    assert unknown_words(("很鼇鼇满意", "hello 不", "满意"), knows) == {"鼇鼇", "hello"}


def test_a_word_with_blanks_around_is_never_cut() -> None:
    # "un" "happy" are words, but nobody says "unhappy" in two.
    assert unknown_words(("unhappy",), lambda word: word in {"un", "happy"}) == {"unhappy"}


def test_hyphened_and_mixed_writing_is_cut_where_it_changes() -> None:
    assert cut("well-kept", lambda word: word in {"well", "kept"}).words == ("well", "kept")
    assert cut("按1", lambda word: word in {"按", "1"}).words == ("按", "1")


def test_a_phrase_with_an_unknown_word_is_left_out_whole() -> None:
    # Kaldi would leave out the word alone, and "极不满意" would be heard wherever "满意" is.
    made = compiled(("极不满意", "满意"), "zh", lambda word: word in {"满意", "[unk]"})
    assert made.phrases == ("满意", "[unk]")


def test_the_models_own_word_for_everything_else_is_used() -> None:
    made = compiled(("满意", "不满意"), "zh", knows)
    assert made.phrases == ("满意", "不 满意", "[unk]")
    assert made.rest == {ELSE}


def test_without_one_syllables_stand_for_everything_else() -> None:
    made = compiled(("네", "만족합니다"), "ko", lambda word: word != ELSE)
    assert made.phrases[:2] == ("네", "만족합니다")
    assert made.rest - {ELSE} == set(made.phrases[2:]) == set(syllables("ko"))


def test_a_syllable_that_is_part_of_an_answer_does_not_stand_for_anything_else() -> None:
    syllable = syllables("ko")[0]
    assert syllable not in compiled((syllable,), "ko", lambda word: word != ELSE).rest


def test_phrases_that_cannot_be_heard_leave_only_everything_else() -> None:
    assert compiled(("鼇",), "zh", knows).phrases == ("[unk]",)
