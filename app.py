"""The application: `flask --app app run`, `gunicorn app:app`, or this file as a program."""

from eventmgr import create_app

app = create_app()

if __name__ == "__main__":
    from eventmgr.server import serve

    serve(app)
