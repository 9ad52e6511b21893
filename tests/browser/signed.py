"""Browsers in which somebody is signed in, and what they read there."""

from __future__ import annotations

from typing import Any

import pyotp
from playwright.sync_api import BrowserContext, Page

from tests.product import Product
from tests.visitor import Visitor


def signed_in(context: BrowserContext, product: Product, who: Visitor | None = None) -> Any:
    """The context, with the cookies of a visitor; without one, of an inspector of the whole."""
    cookies: Any = (who or product.visitor).browser(product.url)
    context.add_cookies(cookies)
    return context


def texts(page: Page, selector: str) -> list[str]:
    """What each element of that kind says, as it is read."""
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def begin_factor(page: Page) -> str:
    """Take the second factor that the page offers, as a telephone does: its secret."""
    page.wait_for_url("**/sign-in/factor*")
    secret = "".join(page.locator(".secret code").all_inner_texts())
    page.locator("#code").focus()
    page.keyboard.type(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    return secret
