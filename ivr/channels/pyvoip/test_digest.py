"""Answers to challenges, against the examples of the RFCs."""

import pytest

from ivr.channels.pyvoip.digest import Credentials, answer, challenge

MUFASA = Credentials("Mufasa", "Circle of Life")
RFC7616 = (
    'realm="http-auth@example.org", qop="auth, auth-int", '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: str, response: str) -> None:
    asked = challenge([f"Digest {RFC7616}, algorithm={algorithm}"])
    assert asked is not None
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    made = answer(asked, MUFASA, "GET", "/dir/index.html", cnonce=cnonce)
    assert f'response="{response}"' in made
    assert f"algorithm={algorithm}" in made
    assert "qop=auth, nc=00000001" in made
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in made


def test_without_quality_of_protection() -> None:
    """RFC 2069's way, which many trunks still ask for."""
    asked = challenge(
        ['Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"']
    )
    assert asked is not None
    who = Credentials("Mufasa", "CircleOfLife")
    made = answer(asked, who, "GET", "/dir/index.html", cnonce="x")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in made
    assert "cnonce" not in made


def test_the_first_that_can_be_answered_is_taken() -> None:
    asked = challenge(
        [
            'Digest realm="a", nonce="1", algorithm=SHA-512-256',
            'Basic realm="a"',
            'Digest realm="a", nonce="2", qop="auth-int"',
            'Digest realm="b", nonce="3", algorithm=MD5-sess, qop="auth"',
        ]
    )
    assert asked is not None
    assert (asked.realm, asked.nonce, asked.algorithm) == ("b", "3", "MD5-SESS")


@pytest.mark.parametrize("value", ["", "Digest", 'Digest realm="a"', "Digest ,,,=", "Basic x"])
def test_what_cannot_be_answered(value: str) -> None:
    assert challenge([value]) is None


def test_what_is_quoted_stays_whole() -> None:
    asked = challenge([r'Digest realm="a\"b", nonce="n,m", qop=auth'])
    assert asked is not None
    made = answer(asked, Credentials('o"k', "p"), "INVITE", "sip:a", cnonce="c")
    assert r'username="o\"k"' in made
    assert 'nonce="n,m"' in made
