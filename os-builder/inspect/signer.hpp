// Who signed an EFI program, according to its Authenticode signature. Reading is not checking: uki::verify_signature()
// checks.
#pragma once

#include <span>

#include "lib/crypto/certificate.hpp"
#include "lib/pe/image.hpp"

namespace bulkhead::inspect {

// The signer's certificate of the first signature. `file` must be what pe::parse() read. Errors: not_found for a
// program without a signature; data_loss for a certificate table that cannot be read.
Result<crypto::Certificate> signer_of(std::span<const std::byte> file, const pe::Image& image);

}  // namespace bulkhead::inspect
