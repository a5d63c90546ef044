import sys


class BankError(Exception):
    """A command that cannot be carried out; the message says why."""


class Bank:
    def __init__(self) -> None:
        self.accounts: dict[str, int] = {}

    def execute(self, command: str, name: str, *rest: str) -> None:
        raise BankError("unknown command")


bank = Bank()
for line in sys.stdin:
    try:
        bank.execute(*line.split())
    except BankError as error:
        print(f"error: {error}")
