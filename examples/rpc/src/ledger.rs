//! Accounts, deposits and transfers.

use std::collections::BTreeMap;

/// Why a request was refused; the numbers are the interface's own error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Exists = 1,
    Unknown = 2,
    Insufficient = 3,
    NotPositive = 4,
}

impl Refused {
    pub fn message(self) -> &'static str {
        match self {
            Self::Exists => "there is such an account already",
            Self::Unknown => "there is no such account",
            Self::Insufficient => "the balance is too low",
            Self::NotPositive => "the amount has to be positive",
        }
    }
}

/// The accounts of one ledger, with their balances.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: BTreeMap<String, i64>,
}

impl Ledger {
    pub fn open(&mut self, name: &str) -> Result<(), Refused> {
        if self.accounts.contains_key(name) {
            return Err(Refused::Exists);
        }
        self.accounts.insert(name.to_owned(), 0);
        Ok(())
    }

    pub fn close(&mut self, name: &str) -> Result<i64, Refused> {
        self.accounts.remove(name).ok_or(Refused::Unknown)
    }

    pub fn balance(&self, name: &str) -> Result<i64, Refused> {
        self.accounts.get(name).copied().ok_or(Refused::Unknown)
    }

    pub fn deposit(&mut self, name: &str, amount: i64) -> Result<i64, Refused> {
        if amount <= 0 {
            return Err(Refused::NotPositive);
        }
        let balance = self.accounts.get_mut(name).ok_or(Refused::Unknown)?;
        *balance += amount;
        Ok(*balance)
    }

    pub fn transfer(&mut self, from: &str, to: &str, amount: i64) -> Result<(), Refused> {
        if amount <= 0 {
            return Err(Refused::NotPositive);
        }
        self.balance(to)?;
        if self.balance(from)? < amount {
            return Err(Refused::Insufficient);
        }
        for (name, change) in [(from, -amount), (to, amount)] {
            if let Some(balance) = self.accounts.get_mut(name) {
                *balance += change;
            }
        }
        Ok(())
    }

    pub fn names(&self) -> Vec<&String> {
        self.accounts.keys().collect()
    }
}
