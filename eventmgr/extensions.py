"""Parts made empty here and bound to the app in create_app."""

from __future__ import annotations

from flask_babel import Babel
from flask_bootstrap import Bootstrap5
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from eventmgr.core.tasks import TaskQueue

babel = Babel()
bootstrap = Bootstrap5()
csrf = CSRFProtect()
huey = TaskQueue()
limiter = Limiter(key_func=get_remote_address)
login = LoginManager()
migrate = Migrate(render_as_batch=True, compare_type=True)
