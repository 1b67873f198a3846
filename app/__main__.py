"""`python -m app` is `huifang`: for processes that start another one of themselves."""

from app.main import main

main()
