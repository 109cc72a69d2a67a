#include "os-builder/inspect/signer.hpp"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>

namespace bulkhead::inspect {
namespace {

// WIN_CERTIFICATE of the PE format: length, revision, type, then the PKCS#7 message.
constexpr std::size_t kHeader = 8;
constexpr std::uint16_t kPkcs7Type = 2;

template <auto function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};
using Pkcs7 = std::unique_ptr<PKCS7, Free<PKCS7_free>>;

void free_stack(STACK_OF(X509) * certificates) { sk_X509_free(certificates); }
using Signers = std::unique_ptr<STACK_OF(X509), Free<free_stack>>;

std::uint32_t little_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

std::unexpected<Error> unreadable(std::string_view what) {
  ERR_clear_error();
  return fail(ErrorCode::data_loss, "the signature cannot be read: {}", what);
}

}  // namespace

Result<crypto::Certificate> signer_of(std::span<const std::byte> file, const pe::Image& image) {
  if (image.certificates_size == 0) return fail(ErrorCode::not_found, "no signature");
  // pe::parse() has checked the range.
  const auto table = file.subspan(image.certificates_offset, image.certificates_size);
  if (table.size() < kHeader) return unreadable("it is too short");
  const std::uint32_t length = little_endian(table.first(4));
  if (little_endian(table.subspan(6, 2)) != kPkcs7Type) return unreadable("it is not PKCS#7");
  if (length < kHeader || length > table.size()) return unreadable("its length is wrong");

  const auto message = table.subspan(kHeader, length - kHeader);
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  const Pkcs7 pkcs7(d2i_PKCS7(nullptr, &bytes, static_cast<long>(message.size())));
  if (pkcs7 == nullptr || !PKCS7_type_is_signed(pkcs7.get())) return unreadable("it is not a PKCS#7 signature");
  const Signers signers(PKCS7_get0_signers(pkcs7.get(), nullptr, 0));
  if (signers == nullptr || sk_X509_num(signers.get()) == 0) return unreadable("it does not name a signer");
  X509* signer = sk_X509_value(signers.get(), 0);
  if (signer == nullptr || X509_up_ref(signer) != 1) return unreadable("it does not name a signer");
  return crypto::Certificate::adopt(signer);
}

}  // namespace bulkhead::inspect
