"""The application for a WSGI server, as api.wsgi:app."""

import logging
import sys

from api import json_lines
from api.app import create_app
from api.settings import SettingError, Settings

json_lines.write_to(sys.stderr)
try:
    settings = Settings.from_environment()
except SettingError as error:
    logging.getLogger(__name__).critical("%s", error)
    raise SystemExit(1) from None
logging.getLogger().setLevel(settings.log_level)
app = create_app(settings)
