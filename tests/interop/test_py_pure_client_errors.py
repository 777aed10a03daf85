"""What py-pure-client 1.96 makes of errors, lost sessions, overload and long lists."""

from __future__ import annotations

import time

import pytest
from pypureclient import flasharray as fa
from pypureclient.exceptions import PureError
from replies import done, items, names, refusal
from simulator import Simulator
from urllib3.exceptions import HTTPError


@pytest.fixture(autouse=True)
def logged_in(newest: Simulator) -> None:
    """The faults hit the requests of the tests, not the log-in."""
    done(newest.a.get_arrays())
    newest.forget_requests()


def test_an_expired_session_is_renewed_unseen(newest: Simulator) -> None:
    newest.fault("expire-sessions array=arrA")
    assert names(newest.a.get_arrays()) == ["arrA"]
    assert newest.count("arrA POST login") == 1
    assert newest.count("arrA GET arrays") == 2


def test_one_401_is_answered_by_one_login(newest: Simulator) -> None:
    newest.fault("on GET volumes times=1 status=401")
    assert names(newest.a.get_volumes()) == []
    assert newest.count("arrA POST login") == 1


def test_two_401_are_an_error(newest: Simulator) -> None:
    newest.fault("on GET volumes times=2 status=401")
    reply = newest.a.get_volumes()
    assert reply.status_code == 401
    assert reply.errors[0].message == "Invalid session."
    assert newest.count("arrA POST login") == 1


def test_a_revoked_token_cannot_log_in(newest: Simulator) -> None:
    newest.fault("revoke-token array=arrA")
    with pytest.raises(PureError):
        newest.arrays["arrA"].client()
    assert names(newest.b.get_arrays()) == ["arrB"]
    newest.fault("restore-token array=arrA")
    assert names(newest.arrays["arrA"].client().get_arrays()) == ["arrA"]


@pytest.mark.parametrize(
    ("form", "message"),
    [("gateway", "No permission"), ("errors", None)],  # the client reads a 403 as gateways write it
)
def test_a_403_tells_its_message_if_a_gateway_wrote_it(newest: Simulator, form: str, message: str | None) -> None:
    newest.fault(f'on GET volumes status=403 form={form} message="No permission"')
    reply = newest.a.get_volumes()
    assert (reply.status_code, reply.errors[0].message) == (403, message)
    assert newest.count("arrA POST login") == 0


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_is_told_as_it_is(newest: Simulator, status: int) -> None:
    newest.fault(f'on GET volumes status={status} message="Not today."')
    reply = newest.a.get_volumes()
    assert (reply.status_code, reply.errors[0].message) == (status, "Not today.")
    assert newest.count("arrA GET volumes") == 1


def test_a_409_is_raised(newest: Simulator) -> None:
    """Cinder does not expect that; so the simulated arrays do not use it on their own."""
    newest.fault("on GET volumes status=409")
    with pytest.raises(PureError):
        newest.a.get_volumes()


def test_a_limit_of_requests_is_waited_for_as_long_as_the_array_says(newest: Simulator) -> None:
    newest.fault("on GET volumes times=1 status=429 retry-after=1")
    begun = time.monotonic()
    assert names(newest.a.get_volumes()) == []
    assert time.monotonic() - begun >= 1
    assert newest.count("arrA GET volumes") == 2


@pytest.mark.parametrize(
    "fault",
    [
        'times=1 status=500 message="Server is busy" retry-after=0',
        "times=2 status=503 retry-after=0",
        "times=1 status=502",
    ],
)
def test_a_busy_array_is_asked_again(newest: Simulator, fault: str) -> None:
    newest.fault(f"on GET volumes {fault}")
    assert names(newest.a.get_volumes()) == []
    assert newest.count("arrA GET volumes") == (3 if "times=2" in fault else 2)


@pytest.mark.parametrize("status", [201, 207])
def test_a_success_other_than_200_is_one_whose_items_the_client_does_not_read(newest: Simulator, status: int) -> None:
    """So the simulated arrays always answer 200."""
    newest.fault(f"on POST volumes times=1 status={status}")
    reply = newest.a.post_volumes(names=["v1"], volume=fa.VolumePost(provisioned=1 << 20))
    assert (reply.status_code, reply.items) == (status, None)
    assert names(newest.a.get_volumes()) == ["v1"]


def test_a_body_that_is_no_json_is_an_error_all_the_same(newest: Simulator) -> None:
    newest.fault('on GET volumes status=400 body="<html>"')
    try:
        reply = newest.a.get_volumes()
    except (PureError, ValueError):
        return
    assert reply.status_code == 400


def test_a_lost_reply_leaves_what_was_done(newest: Simulator) -> None:
    newest.fault("on POST volumes times=1 reply=lost")
    try:
        reply = newest.a.post_volumes(names=["v1"], volume=fa.VolumePost(provisioned=1 << 20))
    except (PureError, HTTPError):
        pass
    else:  # sent again by the client
        assert "already exists" in refusal(reply)[0][1]
    assert names(newest.a.get_volumes()) == ["v1"]


def test_a_refused_request_leaves_nothing(newest: Simulator) -> None:
    newest.fault("on POST volumes reply=refused")
    with pytest.raises((PureError, HTTPError)):
        newest.a.post_volumes(names=["v1"], volume=fa.VolumePost(provisioned=1 << 20))
    newest.no_faults()
    assert names(newest.a.get_volumes()) == []


def test_an_array_that_is_down_answers_nobody(newest: Simulator) -> None:
    newest.fault("array=arrA down")
    with pytest.raises((PureError, HTTPError)):
        newest.a.get_arrays()
    assert names(newest.b.get_arrays()) == ["arrB"]
    newest.fault("array=arrA up")
    assert names(newest.a.get_arrays()) == ["arrA"]


def test_a_limit_of_the_array_is_told(newest: Simulator) -> None:
    newest.fault("limit volumes=1")
    body = fa.VolumePost(provisioned=1 << 20)
    done(newest.a.post_volumes(names=["v1"], volume=body))
    assert "limit reached" in refusal(newest.a.post_volumes(names=["v2"], volume=body))[0][1]


def many(sim: Simulator, count: int) -> list[str]:
    expected = [f"v{number:05}" for number in range(count)]
    for start in range(0, count, 500):
        done(sim.a.post_volumes(names=expected[start : start + 500], volume=fa.VolumePost(provisioned=1 << 20)))
    sim.forget_requests()
    return expected


def test_more_than_a_page_is_read_page_by_page(newest: Simulator) -> None:
    expected = many(newest, 1205)
    reply = newest.a.get_volumes()
    assert sorted(each.name for each in reply.items) == expected
    assert newest.count("arrA GET volumes") == 2


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_are_as_long_as_the_client_asks(newest: Simulator, size: int) -> None:
    expected = many(newest, 5)
    reply = newest.arrays["arrA"].client(auto_pagination_limit=size).get_volumes()
    assert sorted(each.name for each in reply.items) == expected
    assert newest.count("arrA GET volumes") == -(-5 // size)


def test_a_limit_ends_the_list_and_the_total_is_told_on_demand(newest: Simulator) -> None:
    many(newest, 5)
    assert names(newest.a.get_volumes(limit=2)) == ["v00000", "v00001"]
    assert newest.a.get_volumes(limit=2, total_item_count=True).total_item_count == 5
    counted = newest.a.get_volumes(limit=0, total_item_count=True)
    assert (items(counted), counted.total_item_count) == ([], 5)


def test_a_sorted_list_is_read_by_offset(newest: Simulator) -> None:
    expected = many(newest, 5)
    pages = [names(newest.a.get_volumes(sort=["name-"], limit=2, offset=offset)) for offset in (0, 2, 4)]
    assert [name for page in pages for name in page] == expected[::-1]


def test_names_of_a_filter_are_globs(newest: Simulator) -> None:
    many(newest, 12)
    assert names(newest.a.get_volumes(filter="name='v0001*'")) == ["v00010", "v00011"]
    assert names(newest.a.get_volumes(filter="name=('v00003','v00004')")) == ["v00003", "v00004"]
    assert names(newest.a.get_volumes(filter="name='v*' and not name='v0000*'")) == ["v00010", "v00011"]


def test_every_name_must_exist(newest: Simulator) -> None:
    many(newest, 1)
    missing = refusal(newest.a.get_volumes(names=["v00000", "nope", "neither"]))
    assert {context for context, _ in missing} == {"nope", "neither"}


@pytest.mark.parametrize("name", ["a,b", "-a", "a b", "a*", "7", "x" * 64, "a/b/c", "pod:v", "é"])
def test_a_name_that_no_volume_can_have_is_refused(newest: Simulator, name: str) -> None:
    assert refusal(newest.a.post_volumes(names=[name], volume=fa.VolumePost(provisioned=1 << 20)))
    assert names(newest.a.get_volumes()) == []


def test_names_in_pods_and_volume_groups_are_encoded(newest: Simulator) -> None:
    body = fa.VolumePost(provisioned=1 << 20)
    assert refusal(newest.a.post_volumes(names=["r::s"], volume=body))[0][0] is not None
    assert refusal(newest.a.post_volumes(names=["p/q"], volume=body))[0][0] is not None
    done(newest.a.post_pods(names=["r"], pod=fa.PodPost()))
    done(newest.a.post_volume_groups(names=["p"], volume_group=fa.VolumeGroupPost()))
    done(newest.a.post_volumes(names=["r::s", "p/q"], volume=body))
    assert sorted(names(newest.a.get_volumes(names=["r::s", "p/q"]))) == ["p/q", "r::s"]
    assert [each.pod.name for each in items(newest.a.get_volumes(names=["r::s"]))] == ["r"]
    assert [each.volume_group.name for each in items(newest.a.get_volumes(names=["p/q"]))] == ["p"]
