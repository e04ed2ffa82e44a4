"""python -m cli is the command scorer."""

from cli.main import main

if __name__ == "__main__":
    main(prog_name="scorer")
