//! Paths as text. A path stands in records, in jobs and in reports, which are
//! text: one that is none is refused before anything is done with it.

use std::env;
use std::ffi::{OsStr, OsString};

use super::open::Folders;
use super::{CliError, Exit};

/// That every argument is text.
///
/// # Errors
/// With the first that is not.
pub fn arguments(arguments: impl Iterator<Item = OsString>) -> Result<(), CliError> {
    let mut arguments = arguments.skip(1);
    match arguments.find(|argument| argument.to_str().is_none()) {
        Some(argument) => Err(no_text("the argument", &argument)),
        None => Ok(()),
    }
}

/// That the folders that a command works in are text, wherever they are named:
/// the one that it runs in, those of `folders`, the one for temporary files, and
/// what else the environment says to `jem`.
///
/// # Errors
/// With the first that is not.
pub fn surroundings(folders: &Folders) -> Result<(), CliError> {
    let variable = |(name, value): (OsString, OsString)| {
        let name = name.into_string().ok()?;
        let ours = name.starts_with("JEM_") || name == "TMPDIR";
        (ours && value.to_str().is_none()).then(|| (format!("the variable {name}"), value))
    };
    if let Some((what, value)) = env::vars_os().find_map(variable) {
        return Err(no_text(&what, &value));
    }
    let here = env::current_dir().unwrap_or_default();
    let named = [
        ("the folder that this command runs in", here),
        ("the folder of the store", folders.results()),
        ("the folder of datasets", folders.data()),
    ];
    match named.into_iter().find(|(_, path)| path.to_str().is_none()) {
        Some((what, path)) => Err(no_text(what, path.as_os_str())),
        None => Ok(()),
    }
}

fn no_text(what: &str, value: &OsStr) -> CliError {
    let shown = value.to_string_lossy();
    let message = format!("{what}, `{shown}`, is not UTF-8 text, which a path must be here");
    CliError::new(Exit::BadInput, message)
        .hint("another name (mv), or a link with a name that is text (ln -s)")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn an_argument_that_is_no_text_is_named_as_far_as_it_can_be_read() {
        let bad = OsString::from_vec(b"caf\xe9/plain.toml".to_vec());
        let said = arguments(["jem".into(), "run".into(), bad].into_iter());
        let said = said.err().map(|error| (error.exit, error.to_string()));
        assert!(
            said.as_ref().is_some_and(|(exit, said)| *exit == Exit::BadInput
                && said.contains("the argument, `caf\u{fffd}/plain.toml`, is not UTF-8 text")),
            "{said:?}"
        );
        assert!(arguments(["jem".into(), "plan".into(), "café.toml".into()].into_iter()).is_ok());
    }
}
