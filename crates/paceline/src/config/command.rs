//! The command of a suite: a string for the shell, or a program and its arguments.

use std::borrow::Cow;
use std::fmt;

use paceline_adapters::command::Command;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// A [`Command`] as the configuration writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine(pub Command);

const EMPTY: &str =
    "the command is empty\nhelp: write what you would type in the suite's directory";

impl<'de> Deserialize<'de> for CommandLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CommandVisitor;

        impl<'de> Visitor<'de> for CommandVisitor {
            type Value = CommandLine;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string for the shell, or an array of a program and its arguments")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                if text.trim().is_empty() {
                    return Err(E::custom(EMPTY));
                }
                refuse_nul(text)?;
                Ok(CommandLine(Command::Shell(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut argv: Vec<String> = Vec::new();
                while let Some(argument) = seq.next_element()? {
                    argv.push(argument);
                }
                match argv.first() {
                    None => return Err(A::Error::custom(EMPTY)),
                    Some(program) if program.is_empty() => {
                        return Err(A::Error::custom("the program of the command is empty"));
                    }
                    Some(_) => {}
                }
                argv.iter().try_for_each(|argument| refuse_nul(argument))?;
                Ok(CommandLine(Command::Argv(argv)))
            }
        }

        deserializer.deserialize_any(CommandVisitor)
    }
}

/// No system can pass a NUL in an argument.
fn refuse_nul<E: serde::de::Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("a command cannot hold a NUL"));
    }
    Ok(())
}

impl Serialize for CommandLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Command::Shell(text) => serializer.serialize_str(text),
            Command::Argv(argv) => argv.serialize(serializer),
        }
    }
}

impl JsonSchema for CommandLine {
    fn schema_name() -> Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ],
        })
    }
}
