"""The application for a WSGI server, as api.wsgi:app."""

import logging
import sys

from api.app import create_app
from api.settings import SettingError, Settings

logging.basicConfig(
    level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
)
try:
    app = create_app(Settings.from_environment())
except SettingError as error:
    raise SystemExit(str(error)) from None
