"""The SMPP driver against a centre of another make, over a real socket."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import smpp34

from core.errors import TransientError, UncertainError
from ivr.texting.contract import (
    Accepted,
    DeliveryReport,
    DeliveryState,
    IncomingText,
    Refused,
)
from ivr.texting.gateways.smpp.receipts import ReceiptReading
from tests.peers.smpp_center import Center
from tests.peers.web_hooks import Kept
from tests.texting.smpp_bound import bound, message

LONG = "尊敬的群众您好，" * 12
"""96 characters of UCS-2: two parts."""


async def test_a_chinese_message_goes_as_ucs2_and_its_receipt_comes_back(tmp_path: Path) -> None:
    kept = Kept()
    async with Center() as center, bound(center, tmp_path, kept) as gateway:
        assert await gateway.check() == ""
        assert await gateway.send(message("您好，满意请回复1")) == Accepted(("id1",))
        sent = center.submitted[0]
        assert sent.short_message.decode("utf-16-be") == "您好，满意请回复1"
        assert (sent.data_coding, sent.registered_delivery, sent.esm_class) == (8, 1, 0)
        assert (sent.destination_addr, sent.dest_addr_ton, sent.dest_addr_npi) == (
            "8613800138000",
            1,
            1,
        )
        assert sent.source_addr == "1069"
        receipt = (
            b"id:id1 sub:001 dlvrd:001 submit date:2603011200 done date:2603011203 "
            b"stat:UNDELIV err:001 text:id:id9 stat:DELIVRD"
        )
        assert await center.tells(receipt, esm_class=4) == smpp34.ESME_ROK
        assert kept.of(DeliveryReport) == [
            DeliveryReport(
                "id1",
                DeliveryState.UNDELIVERABLE,
                datetime(2026, 3, 1, 12, 3, tzinfo=UTC),
                "001",
                invalid_number=True,
            )
        ]


async def test_latin_goes_unpacked_in_the_gsm_alphabet(tmp_path: Path) -> None:
    async with Center() as center, bound(center, tmp_path) as gateway:
        await gateway.send(message("Hi {é} €5 @"))
        sent = center.submitted[0]
        assert sent.data_coding == 0
        assert sent.short_message == b"Hi \x1b\x28\x05\x1b\x29 \x1be5 \x00"


@pytest.mark.parametrize(
    ("way", "head"),
    [("udh8", b"\x05\x00\x03\x28\x02"), ("udh16", b"\x06\x08\x04\x00\x28\x02")],
)
async def test_a_long_message_goes_in_parts(tmp_path: Path, way: str, head: bytes) -> None:
    async with Center() as center, bound(center, tmp_path, long_messages=way) as gateway:
        assert await gateway.send(message(LONG)) == Accepted(("id1", "id2"))
        octets = [sent.short_message for sent in center.submitted]
        assert [o[: len(head) + 1] for o in octets] == [head + b"\x01", head + b"\x02"]
        assert all(
            sent.esm_class == 0x40 and len(sent.short_message) <= 140 for sent in center.submitted
        )
        assert b"".join(o[len(head) + 1 :] for o in octets).decode("utf-16-be") == LONG


async def test_a_long_message_goes_whole_in_message_payload(tmp_path: Path) -> None:
    async with Center() as center, bound(center, tmp_path, long_messages="payload") as gateway:
        assert await gateway.send(message(LONG)) == Accepted(("id1",))
        sent = center.submitted[0]
        assert sent.short_message == b""
        payload = next(t.value for t in sent.tlvs if t.tag == smpp34.TLV_MESSAGE_PAYLOAD)
        assert payload.decode("utf-16-be") == LONG


async def test_refusals_are_told_apart(tmp_path: Path) -> None:
    statuses = iter([smpp34.ESME_RINVDSTADR, smpp34.ESME_RTHROTTLED, smpp34.ESME_RSYSERR])
    center = Center(answer=lambda _: next(statuses))
    async with center, bound(center, tmp_path, throttle_seconds=7.0) as gateway:
        assert await gateway.send(message("1")) == Refused(
            "0x0000000B", "Invalid Destination Address", permanent=True, invalid_number=True
        )
        throttled = await gateway.send(message("1"))
        assert isinstance(throttled, Refused)
        assert (throttled.permanent, throttled.retry_after) == (False, 7.0)
        system = await gateway.send(message("1"))
        assert isinstance(system, Refused)
        assert (system.code, system.permanent, system.retry_after) == ("0x00000008", False, 0.0)


async def test_a_message_that_was_begun_is_finished_or_uncertain_but_never_sent_again(
    tmp_path: Path,
) -> None:
    answers: Any = iter(["a", smpp34.ESME_RTHROTTLED, "b", "c", smpp34.ESME_RSYSERR])
    center = Center(answer=lambda _: next(answers))
    async with center, bound(center, tmp_path, throttle_seconds=0.01) as gateway:
        assert await gateway.send(message(LONG)) == Accepted(("a", "b"))
        with pytest.raises(UncertainError):
            await gateway.send(message(LONG))
        assert len(center.submitted) == 5


async def test_receipts_in_parameters_and_in_the_other_number_form(tmp_path: Path) -> None:
    kept, center = Kept(), Center(answer=lambda _: "1A2B")
    reading = ReceiptReading(ids="decimal_in_receipts", zone="Asia/Shanghai")
    async with center, bound(center, tmp_path, kept, receipts=reading) as gateway:
        sent = await gateway.send(message("1"))
        tlvs = [
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, b"6699\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, b"\x03"),
            smpp34.Tlv(smpp34.TLV_NETWORK_ERROR_CODE, b"\x03\x00\x1b"),
            smpp34.Tlv(0x1403, b"of the vendor"),
        ]
        await center.tells(b"", esm_class=4, tlvs=tlvs)
        await center.tells(b"id:6699 done date:260301200305 stat:DELIVRD err:000", esm_class=4)
        first, second = kept.of(DeliveryReport)
        assert isinstance(sent, Accepted)
        assert (first.id, second.id) == sent.ids * 2
        assert (first.state, first.error) == (DeliveryState.EXPIRED, "027")
        assert (second.state, second.error) == (DeliveryState.DELIVERED, "DELIVRD")
        assert second.at == datetime(2026, 3, 1, 12, 3, 5, tzinfo=UTC)


async def test_texts_come_in_in_every_alphabet(tmp_path: Path) -> None:
    kept = Kept()
    async with Center() as center, bound(center, tmp_path, kept):
        await center.tells("不满意".encode("utf-16-be"), data_coding=8)
        await center.tells(b"\x02 1 \x1be\x00", data_coding=0)
        await center.tells("très bien".encode("latin-1"), data_coding=3)
        payload = [smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, ("长" * 300).encode("utf-16-be"))]
        await center.tells(b"", data_coding=8, tlvs=payload)
        texts = kept.of(IncomingText)
        assert [text.text for text in texts] == ["不满意", "$ 1 €@", "très bien", "长" * 300]
        assert {(text.number, text.to) for text in texts} == {("+8613800138000", "1069")}
        assert len({text.id for text in texts}) == 4


async def test_nothing_is_acknowledged_before_it_is_kept(tmp_path: Path) -> None:
    committing, committed = asyncio.Event(), asyncio.Event()
    kept = Kept()

    async def take(gateway: str, event: Any) -> None:
        committing.set()
        await committed.wait()
        await kept(gateway, event)

    async with Center() as center, bound(center, tmp_path, take) as gateway:  # type: ignore[arg-type]
        told = asyncio.create_task(center.tells(b"1"))
        await committing.wait()
        # The session goes on meanwhile: another message out, and answered.
        assert isinstance(await gateway.send(message("1")), Accepted)
        assert not told.done()
        committed.set()
        assert await told == smpp34.ESME_ROK
        kept.failing = True
        assert await center.tells(b"2") == 0x64  # ESME_RX_T_APPN: it comes again
        assert [text.text for text in kept.of(IncomingText)] == ["1"]


async def test_a_text_that_comes_again_because_it_was_not_acknowledged_has_the_same_id(
    tmp_path: Path,
) -> None:
    kept = Kept()

    async def fails_after_the_commit(gateway: str, event: Any) -> None:
        await kept(gateway, event)
        if len(kept.events) == 1:
            raise TransientError

    async with Center() as center, bound(center, tmp_path, fails_after_the_commit):  # type: ignore[arg-type]
        assert await center.tells(b"1") == 0x64
        assert await center.tells(b"1") == smpp34.ESME_ROK
        assert await center.tells(b"1") == smpp34.ESME_ROK  # another message of the same words
        first, again, another = (text.id for text in kept.of(IncomingText))
        assert first == again != another


def part(position: int, octets: bytes, *, reference: int = 7) -> bytes:
    return bytes([5, 0, 3, reference, 2, position]) + octets


async def test_parts_are_joined_in_any_order_and_outlive_a_crash(tmp_path: Path) -> None:
    kept = Kept()
    text = "对民警的态度很满意，谢谢😀"
    octets = text.encode("utf-16-be")
    cut = len(octets) - 2  # in the middle of a surrogate pair
    udh = {"esm_class": 0x40, "data_coding": 8}
    async with Center() as center:
        async with bound(center, tmp_path, kept):
            assert await center.tells(part(2, octets[cut:]), **udh) == smpp34.ESME_ROK
            assert await center.tells(part(2, octets[cut:]), **udh) == smpp34.ESME_ROK
            assert not kept.events
        async with bound(center, tmp_path, kept):  # another process, later
            assert await center.tells(part(1, octets[:cut]), **udh) == smpp34.ESME_ROK
            assert [each.text for each in kept.of(IncomingText)] == [text]
            assert not list(tmp_path.iterdir())
            sixteen = b"\x06\x08\x04\x01\x07\x02"
            await center.tells(sixteen + b"\x01" + octets[:4], **udh)
            await center.tells(sixteen + b"\x02" + octets[4:8], **udh)
            sar = [
                smpp34.Tlv(smpp34.TLV_SAR_MSG_REF_NUM, b"\x00\x09"),
                smpp34.Tlv(smpp34.TLV_SAR_TOTAL_SEGMENTS, b"\x02"),
            ]
            seq = smpp34.TLV_SAR_SEGMENT_SEQNUM
            await center.tells(b"ab", tlvs=[*sar, smpp34.Tlv(seq, b"\x01")])
            await center.tells(b"cd", tlvs=[*sar, smpp34.Tlv(seq, b"\x02")])
            assert [each.text for each in kept.of(IncomingText)][1:] == [text[:4], "abcd"]


async def test_a_message_whole_on_disk_but_not_taken_is_taken_after_a_restart(
    tmp_path: Path,
) -> None:
    kept = Kept(failing=True)
    async with Center() as center:
        async with bound(center, tmp_path, kept):
            await center.tells(part(1, b"very "), esm_class=0x40)
            assert await center.tells(part(2, b"good"), esm_class=0x40) == 0x64
        kept.failing = False
        async with bound(center, tmp_path, kept):
            texts = await kept.until(IncomingText)
            assert [each.text for each in texts] == ["very good"]


async def test_it_binds_again_when_the_centre_comes_back(tmp_path: Path) -> None:
    center = Center()
    async with bound(center, tmp_path) as gateway:
        assert await gateway.check() != ""
        with pytest.raises(TransientError):
            await gateway.send(message("1"))
        await center.open()
        await center.until(lambda it: it.bound is not None)
        while await gateway.check():  # noqa: ASYNC110 - the answer to the bind is on its way
            await asyncio.sleep(0.01)
        assert isinstance(await gateway.send(message("1")), Accepted)
        await center.close()
