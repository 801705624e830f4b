.venv/bin/opentelemetry-instrument .venv/bin/python app.py
