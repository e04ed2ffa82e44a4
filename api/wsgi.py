"""The application for a WSGI server, as api.wsgi:app."""

import logging
import sys

from api.app import create_app
from api.one_line import OneLine
from api.settings import SettingError, Settings

handler = logging.StreamHandler(sys.stderr)
handler.addFilter(OneLine())
logging.basicConfig(
    level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", handlers=[handler]
)
try:
    app = create_app(Settings.from_environment())
except SettingError as error:
    raise SystemExit(str(error)) from None
