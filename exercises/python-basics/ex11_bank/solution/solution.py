import re
import sys


class BankError(Exception):
    """A command that cannot be carried out; the message says why."""


class Bank:
    def __init__(self) -> None:
        self.accounts: dict[str, int] = {}

    def execute(self, command: str, name: str, *rest: str) -> None:
        if command == "open":
            self.open(name)
        elif command == "balance":
            print(f"{name}: {self.balance(name)}")
        elif command == "deposit":
            self.deposit(name, rest[0])
        elif command == "withdraw":
            self.withdraw(name, rest[0])
        else:
            raise BankError("unknown command")

    def open(self, name: str) -> None:
        if name in self.accounts:
            raise BankError("account exists")
        self.accounts[name] = 0

    def balance(self, name: str) -> int:
        if name not in self.accounts:
            raise BankError("unknown account")
        return self.accounts[name]

    def deposit(self, name: str, text: str) -> None:
        self.accounts[name] = self.balance(name) + amount(text)

    def withdraw(self, name: str, text: str) -> None:
        rest = self.balance(name) - amount(text)
        if rest < 0:
            raise BankError("insufficient funds")
        self.accounts[name] = rest


def amount(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text) or int(text) == 0:
        raise BankError("invalid sum")
    return int(text)


bank = Bank()
for line in sys.stdin:
    try:
        bank.execute(*line.split())
    except BankError as error:
        print(f"error: {error}")
