"""Signatures against what providers publish."""

import hashlib
import hmac

from ivr.texting.gateways.http.description import Signature
from ivr.texting.gateways.http.signing import signed

# The worked example of Aliyun's SendSms (signature version 1.0) with its published result.
PUBLISHED = {
    "AccessKeyId": "testId",
    "Action": "SendSms",
    "Format": "XML",
    "OutId": "123",
    "PhoneNumbers": "15300000001",
    "RegionId": "cn-hangzhou",
    "SignName": "阿里云短信测试专用",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
    "SignatureVersion": "1.0",
    "TemplateCode": "SMS_71390007",
    "TemplateParam": '{"customer":"test"}',
    "Timestamp": "2017-07-12T02:42:19Z",
    "Version": "2017-05-25",
}


def test_sorted_parameters_as_a_cloud_provider_signs_them() -> None:
    signature = Signature(
        algorithm="hmac-sha1",
        key="{{ secrets.key }}&",  # type: ignore[arg-type] - one key stands for a list of one
        over="{{ method }}&%2F&{{ parameters | canonical | percent }}",
        encoding="base64",
        place="query",
        name="Signature",
    )
    scope = {"secrets": {"key": "testSecret"}, "parameters": PUBLISHED, "method": "GET"}
    assert signed(signature, scope) == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def test_md5_over_sorted_pairs_with_the_key_at_the_end() -> None:
    signature = Signature(
        algorithm="md5",
        over="{{ parameters | joined(skip_empty=true) }}&key={{ secrets.key }}",
        encoding="HEX",
        place="form",
        name="sign",
    )
    scope = {"secrets": {"key": "k"}, "parameters": {"b": "2", "a": "1", "c": ""}}
    wanted = hashlib.md5(b"a=1&b=2&key=k", usedforsecurity=False).hexdigest().upper()
    assert signed(signature, scope) == wanted


def test_keys_may_be_derived_from_each_other() -> None:
    signature = Signature(
        algorithm="hmac-sha256",
        key=("TC3{{ secrets.key }}", "{{ now }}", "sms", "tc3_request"),
        over="x",
        place="header",
        name="X-Signature",
    )
    key = b"TC3k"
    for derived in (b"2026-03-01", b"sms", b"tc3_request"):
        key = hmac.new(key, derived, "sha256").digest()
    wanted = hmac.new(key, b"x", "sha256").hexdigest()
    assert signed(signature, {"secrets": {"key": "k"}, "now": "2026-03-01"}) == wanted
