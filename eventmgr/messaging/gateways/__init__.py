"""The gateways by their word in SMS_GATEWAY."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventmgr.core.clock import Clock
from eventmgr.messaging.gateways.android import AndroidGateway, AndroidPhone
from eventmgr.messaging.gateways.base import SmsGateway
from eventmgr.messaging.gateways.simulator import SimulatorGateway
from eventmgr.messaging.gateways.twilio import TwilioAccount, TwilioGateway


def _simulator(_config: Mapping[str, Any], _clock: Clock) -> SmsGateway:
    return SimulatorGateway()


def _twilio(config: Mapping[str, Any], clock: Clock) -> SmsGateway:
    account = TwilioAccount(
        account_sid=config["TWILIO_ACCOUNT_SID"],
        auth_token=config["TWILIO_AUTH_TOKEN"],
        sender=config["TWILIO_FROM"],
        messaging_service_sid=config["TWILIO_MESSAGING_SERVICE_SID"],
        api_base=config["TWILIO_API_BASE"],
        timeout_seconds=config["SMS_TIMEOUT_SECONDS"],
    )
    return TwilioGateway(account, public_url=config["PUBLIC_URL"], now=clock.now)


def _android(config: Mapping[str, Any], _clock: Clock) -> SmsGateway:
    phone = AndroidPhone(
        config["ANDROID_GATEWAY_URL"],
        config["ANDROID_GATEWAY_USER"],
        config["ANDROID_GATEWAY_PASSWORD"],
        config["SMS_TIMEOUT_SECONDS"],
    )
    return AndroidGateway(phone, has_webhooks=bool(config["ANDROID_GATEWAY_SIGNING_KEY"]))


GATEWAYS: dict[str, Callable[[Mapping[str, Any], Clock], SmsGateway]] = {
    "simulator": _simulator,
    "twilio": _twilio,
    "android": _android,
}


def make_gateway(config: Mapping[str, Any], clock: Clock) -> SmsGateway:
    """The gateway this installation is set to use."""
    return GATEWAYS[config["SMS_GATEWAY"]](config, clock)
