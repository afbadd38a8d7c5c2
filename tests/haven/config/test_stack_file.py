"""Stack files, read as Pulumi's engine reads them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.base.problems import Problems
from haven.config import strict_yaml
from haven.config.stack_file import SECURE_PLACEHOLDER, full_key, is_placeholder
from tests.haven.config.reading import config, noted, read, refused


@pytest.mark.parametrize(
    ("written", "handed_over"),
    [
        ("warm", "warm"),
        ("true", "true"),
        ("True", "true"),
        ("FALSE", "false"),
        ("yes", "yes"),
        ("on", "on"),
        ("42", "42"),
        ("-42", "-42"),
        ("9223372036854775808", "9223372036854775808"),
        ("1.50", "1.5"),
        ("100.0", "100"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("0.0000001", "1e-7"),
        ("1e21", "1e+21"),
        ("0.00001", "0.00001"),
        ("0.0", "0"),
        ("1.", "1"),
        ("+1.5", "1.5"),
        ("012.5", "12.5"),
        ("TRUE", "true"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.2345678901234567e19", "12345678901234567000"),
        ("0xFFFFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFFFFF"),
        ("0o7777777777777777777777777777", "0o7777777777777777777777777777"),
        ("_1", "_1"),
        ("2026-13-45", "2026-13-45"),
        ("2026-01-02 at noon", "2026-01-02 at noon"),
        ("'012'", "012"),
        ('""', ""),
        ("!!str 12", "12"),
        ("1:30", "1:30"),
        ("=", "="),
        ("|\n    one\n    two\n", "one\ntwo\n"),
        ("[a, b]", '["a","b"]'),
        ("{b: 1.50, a: [true, null, 100.0]}", '{"a":[true,null,100],"b":1.5}'),
        ("{secure: abc, other: 1}", '{"other":1,"secure":"abc"}'),
    ],
)
def test_a_value_arrives_as_the_engine_hands_it_over(written: str, handed_over: str) -> None:
    assert config(f"config:\n  haven:x: {written}") == {"haven:x": handed_over}


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("012345678901", "12345678901"),
        ("0123456701", "21913025"),
        ("0o17", "15"),
        ("-0o17", "-15"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("1_000", "1000"),
        ("1_0.5", "10.5"),
        ("+42", "42"),
        ("99999999999999999999999", "1e+23"),
        ("0777777777777777777777777777", "7.777777777777778e+26"),
        ("-9223372036854775809", "-9223372036854776000"),
        ("18446744073709551616", "18446744073709552000"),
        ("-012", "-10"),
        ("-0128", "-128"),
        ("+0x1F", "31"),
        ("00", "0"),
        ("2026-01-02", "a time stamp"),
        ("2026-1-2 3:4:5", "a time stamp"),
        ("2026-01-02T03:04:05Z", "a time stamp"),
        (".inf", "no finite number"),
        ("-.INF", "no finite number"),
        (".nan", "no finite number"),
        ("1e999", "no finite number"),
    ],
)
def test_a_value_that_the_engine_would_change_is_a_problem(written: str, read_as: str) -> None:
    others = {"a time stamp": "", "no finite number": ", or a finite number"}
    number = others.get(read_as, f", or {read_as} for a number")
    assert noted(f"config:\n  haven:x: {written}") == [
        f"haven:x (line 2): got {written}, which Pulumi's engine reads as {read_as}; "
        f'allowed: text in quotes, or a plain number; fix: write "{written}" for text{number}'
    ]


def test_an_account_without_quotes_goes_on_as_it_was_meant() -> None:
    stack = read("config:\n  haven:account: 012345678901")
    assert len(stack.problems) == 1
    assert stack.config["haven:account"] == "012345678901"


def test_a_key_without_a_namespace_gets_the_projects() -> None:
    assert config("config:\n  tier: warm\n  aws:region: x\n  haven:config:old: y") == {
        "haven:tier": "warm",
        "aws:region": "x",
        "haven:old": "y",
    }


@pytest.mark.parametrize("key", ["a:b:c", ":x", "x:", "a:config:", "a:b:c:d"])
def test_a_key_of_no_known_form_is_a_problem(key: str) -> None:
    assert full_key(key, "haven") is None
    assert noted(f'config:\n  "{key}": 1') == [
        f'{key} (line 2): got "{key}"; allowed: <namespace>:<name>, such as haven:tier; fix: write one colon in the key'
    ]


def test_the_same_key_twice_is_a_problem_in_every_disguise() -> None:
    assert noted("config:\n  tier: warm\n  tier: backup\n  haven:tier: warm\n") == [
        "tier: got the key a second time (line 3, first in line 2); allowed: each key once; fix: keep one of the two",
        'haven:tier (line 4): got the key a second time, as "haven:tier"; allowed: each key once; '
        "fix: keep one of the two",
    ]


def test_a_duplicate_deep_inside_is_named_by_its_path() -> None:
    (line,) = noted("config:\n  haven:cluster:\n    groups:\n      - {a: 1}\n      - {a: 1, a: 2}")
    assert line.startswith("haven:cluster.groups[1].a: got the key a second time (line 5, first in line 5)")


def test_a_key_without_a_value_is_a_problem() -> None:
    assert noted("config:\n  haven:tier:") == [
        "haven:tier (line 2): got nothing; allowed: a value; fix: write a value, or delete haven:tier"
    ]


def test_several_faults_are_all_noted_in_their_order() -> None:
    found = noted("configs: {}\nconfig:\n  haven:account: 0123\n  a:b:c: 1\n  haven:tier:\n")
    assert [each.partition(": got")[0] for each in found] == [
        "haven:account (line 3)",
        "configs (line 1)",
        "a:b:c (line 4)",
        "haven:tier (line 5)",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file: got nothing; allowed: a stack file; fix: start it with config: and haven:tier below it"),
        ("# only a comment", "the file: got nothing; allowed: a stack file"),
        ("- a", 'the file: got ["a"]; allowed: a map with the key config; fix: start the file with config:'),
        ("just text", 'the file: got "just text"; allowed: a map with the key config'),
        ("config: 5", "config (line 1): got 5; allowed: a map of config keys"),
        ("config:", "config (line 1): got nothing; allowed: a map of config keys"),
        ("encryptionsalt: v1", "config: got nothing; allowed: a map of config keys"),
        ("config:\n\thaven:tier: warm", "line 2, column 1: got a tab; allowed: blanks before a key"),
        ("config: [1", 'line 1, column 11: got "config: [1"; allowed: YAML: '),
        ("config:\n  a: @x", 'line 2, column 6: got "a: @x"; allowed: YAML: '),
        ("config: b: c", "line 1, column 10: got"),
        ("config: *x", "line 1: got an undefined alias 'x'; allowed: aliases of anchors; fix: write the value out"),
        ("config: {}\n---\nconfig: {}", "line 2: got a second document; allowed: one document in a file"),
        ("config:\n  a: &x [*x]", "a[0] (line 2): got an alias that repeats itself; allowed: values that end"),
        (b"config:\n  a: \xff", "line 2: got the byte 0xff; allowed: UTF-8; fix: save the file as UTF-8"),
        (b"config:\n  a: \x01", "line 2: got the control character U+0001; allowed: printable text"),
    ],
)
def test_a_file_without_a_readable_config_is_refused_with_line_and_column(text: str | bytes, problem: str) -> None:
    (line,) = refused(text)
    assert line.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("config:\n  a: !foo 1", "a (line 2): got the tag !foo; allowed: values without tags; fix: take the tag out"),
        ("config:\n  ? [a]\n  : 1", "config (line 2): got a key that is a map or a list; allowed: text as a key"),
        ("config:\n  ~: 1", "config (line 2): got a key without a name; allowed: text as a key"),
        ("config:\n  a: {<<: 1}", "a (line 2): got << before something else; allowed: a map, or a list of maps"),
        ("conifg: {}\nconfig: {}", 'conifg (line 1): got "conifg"; allowed: "config", "encryptedkey", '),
        ("config: {}\nhaven:tier: warm", 'haven:tier (line 2): got "haven:tier"; allowed: "config", '),
        ("environment:\n  - prod\nconfig: {}", 'environment (line 1): got ["prod"]; allowed: no environment of Pulumi'),
    ],
)
def test_what_the_engine_takes_otherwise_than_meant_is_a_problem(text: str, problem: str) -> None:
    (line,) = noted(text)
    assert line.startswith(problem)


def test_a_misspelt_top_level_key_is_answered_with_the_nearest() -> None:
    assert noted("encryptionsal: x\nconfig: {}")[0].endswith("fix: write encryptionsalt")
    assert noted("haven:tier: warm\nconfig: {}")[0].endswith("fix: put it below config:")


def test_the_engines_own_top_level_keys_and_a_byte_order_mark_are_fine() -> None:
    text = (
        "\ufeffsecretsprovider: awskms://x\nencryptedkey: k\nencryptionsalt: v1:x\nenvironment: []\nconfig: {tier: a}"
    )
    assert config(text) == {"haven:tier": "a"}


def test_anchors_and_merged_maps_are_read_as_the_engine_reads_them() -> None:
    text = "config:\n  a: &a {x: 1, y: 1}\n  b:\n    <<: *a\n    y: 2\n  c:\n    <<: [{x: 1}, {x: 2, z: 3}]\n  d: *a\n"
    found = {key: json.loads(value) for key, value in config(text).items()}
    assert found == {
        "haven:a": {"x": 1, "y": 1},
        "haven:b": {"x": 1, "y": 2},
        "haven:c": {"x": 1, "z": 3},
        "haven:d": {"x": 1, "y": 1},
    }


def test_aliases_that_multiply_without_end_are_refused_and_not_followed() -> None:
    rows = [f"  {new}: &{new} [{','.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    (line,) = refused("\n".join(["config:", "  a: &a [x]", *rows]))
    assert "an alias that repeats itself" in line


SECRETS = """
encryptionsalt: v1:salt
config:
  haven:token: {secure: AAAB}
  haven:tags:
    owner: me
    key: {secure: CCCD}
    more: [{secure: EEEF}, plain]
"""


def test_encrypted_values_become_placeholders_and_are_listed_by_path() -> None:
    stack = read(SECRETS)
    assert stack.placeholders == ("haven:token", "haven:tags.key", "haven:tags.more[0]")
    assert stack.config["haven:token"] == SECURE_PLACEHOLDER
    assert json.loads(stack.config["haven:tags"]) == {
        "owner": "me",
        "key": SECURE_PLACEHOLDER,
        "more": [SECURE_PLACEHOLDER, "plain"],
    }


def test_a_placeholder_is_recognised_alone_and_inside_a_value() -> None:
    stack = read(SECRETS)
    assert [key for key, value in stack.config.items() if is_placeholder(value)] == ["haven:token", "haven:tags"]
    assert not is_placeholder("secure")
    assert not is_placeholder(3)


def test_no_ciphertext_is_left_in_the_config() -> None:
    stack = read(SECRETS)
    assert not any(cipher in value for value in stack.config.values() for cipher in ("AAAB", "CCCD", "EEEF"))


@given(st.binary(max_size=60) | st.text(st.sampled_from("config: ab\n\t-[]{}&*!<'\"#|>%0_.~?,")).map(str.encode))
def test_no_bytes_make_the_reader_fail_otherwise_than_with_problems(data: bytes) -> None:
    try:
        outcome: object = read(data).config
    except Problems as error:
        outcome = error.problems
    assert isinstance(outcome, dict | tuple)


TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=0xFFFD, exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUES, min_size=1, max_size=4))
def test_what_is_written_in_quotes_is_read_back_as_it_was(values: dict[str, Any]) -> None:
    document = strict_yaml.read(json.dumps(values).encode())
    assert (document.value, document.problems) == (values, [])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_engines_notation_of_a_number_is_the_same_number(number: float) -> None:
    assert float(strict_yaml.engine_number(number)) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize(
    "value", ["[" * 5000 + "]" * 5000, "[" * 200 + "]" * 200, "\n" + "".join(f"{' ' * at}k:\n" for at in range(2, 600))]
)
def test_values_inside_each_other_without_end_are_one_problem(value: str) -> None:
    (problem,) = strict_yaml.read(f"config:\n  haven:tags: {value}".encode()).problems
    assert problem.got == "maps and lists more than 100 levels deep"
