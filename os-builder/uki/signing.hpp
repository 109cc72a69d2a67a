// Authenticode signatures of EFI programs, by osslsigncode and sbverify.
#pragma once

#include <cstdint>

#include "os-builder/keys/key_set.hpp"

namespace bulkhead::uki {

// Writes the signed program to `output`, which must not exist. The time in the signature is `epoch`: the same input,
// key and time give the same bytes.
Result<> sign_file(const sys::Path& program, const keys::KeyPair& pair, std::int64_t epoch, const sys::Path& output);

// Errors: verification_failed when the program carries no signature by this PEM certificate, or was changed since.
Result<> verify_signature(const sys::Path& program, const sys::Path& certificate);

}  // namespace bulkhead::uki
