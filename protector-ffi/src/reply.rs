//! What a driver in C answers with.

use crate::boundary::shielded;
use crate::status::protector_status;
use crate::text::{optional_text, text};
use protector_core::{Error, ErrorKind, Result};
use std::ffi::c_char;

/// The answer of a driver to one call. It belongs to the library and lives until the driver's function returns.
#[derive(Debug, Default)]
pub struct protector_reply {
    json: Option<String>,
    message: Option<String>,
    remedy: Option<String>,
    /// What was wrong with the reply itself.
    fault: Option<String>,
}

impl protector_reply {
    /// What the function of the driver comes to that returned `status`.
    pub(crate) fn into_result(mut self, status: i32, method: &str) -> Result<String> {
        let json = self.json.take();
        self.into_done(status, method)?;
        json.ok_or_else(|| Error::internal(format!("{method} returned without an answer")))
    }

    /// The same for a function that has no answer.
    pub(crate) fn into_done(self, status: i32, method: &str) -> Result<()> {
        if let Some(fault) = self.fault {
            return Err(Error::internal(format!("{method}: its reply: {fault}")));
        }
        if status == protector_status::Ok as i32 {
            return Ok(());
        }
        let kind = protector_status::kind_of(status).unwrap_or(ErrorKind::Internal);
        let error = Error::new(kind, self.message.unwrap_or_else(|| format!("{method} failed with status {status}")));
        Err(match self.remedy {
            Some(remedy) => error.remedy(remedy),
            None => error,
        })
    }
}

/// Sets the answer. The text is copied. reply NULL: nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_reply_json(reply: *mut protector_reply, json: *const c_char) {
    shielded((), || {
        // SAFETY: NULL or alive, as the rules ask
        let Some(reply) = (unsafe { reply.as_mut() }) else { return };
        // SAFETY: text as the rules ask
        match unsafe { text(json, "json") } {
            Ok(json) => reply.json = Some(json.to_owned()),
            Err(refused) => reply.fault = Some(refused.message_text().into_owned()),
        }
    });
}

/// Says why the function returns another status than PROTECTOR_STATUS_OK: what went wrong and with which value, and what to do
/// about it (NULL: nothing to say). Neither may hold a secret. The texts are copied. reply NULL: nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn protector_reply_error(
    reply: *mut protector_reply,
    message: *const c_char,
    remedy: *const c_char,
) {
    shielded((), || {
        // SAFETY: NULL or alive, as the rules ask
        let Some(reply) = (unsafe { reply.as_mut() }) else { return };
        // SAFETY: texts as the rules ask
        match unsafe { (text(message, "message"), optional_text(remedy, "remedy")) } {
            (Ok(message), Ok(remedy)) => {
                reply.message = Some(message.to_owned());
                reply.remedy = remedy.map(str::to_owned);
            }
            (Err(refused), _) | (_, Err(refused)) => reply.fault = Some(refused.message_text().into_owned()),
        }
    });
}
