#include "os-builder/keys/enrolment.hpp"

#include <array>
#include <chrono>

#include "lib/crypto/pkcs7.hpp"
#include "lib/gpt/derived_uuid.hpp"

namespace bulkhead::keys {
namespace {

// Little-endian binary records.
class Writer {
 public:
  template <class T>
  Writer& number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bytes_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8U * i) & 0xffU);
    return *this;
  }
  Writer& raw(std::span<const std::byte> bytes) {
    bytes_ += as_text(bytes);
    return *this;
  }
  Writer& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  // EFI_GUID: the first three fields are little-endian numbers.
  Writer& guid(const gpt::PartitionUuid& uuid) {
    static constexpr std::array<std::size_t, 16> kOrder = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (const std::size_t at : kOrder) bytes_ += static_cast<char>(uuid.bytes()[at]);
    return *this;
  }
  Writer& ascii_as_utf16(std::string_view text) {
    for (const char c : text) number(static_cast<std::uint16_t>(c));
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

constexpr std::string_view kGlobalVariable = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
constexpr std::string_view kImageSecurityDatabase = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
constexpr std::string_view kCertX509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
constexpr std::string_view kCertTypePkcs7 = "4aafd29d-68df-49ee-8aa9-347d375665a7";
// NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS
constexpr std::uint32_t kAttributes = 0x27;
constexpr std::uint16_t kWinCertificateRevision = 0x0200;
constexpr std::uint16_t kWinCertificateTypeEfiGuid = 0x0ef1;
constexpr std::uint32_t kWinCertificateHeaderSize = 24;  // WIN_CERTIFICATE_UEFI_GUID without its data
constexpr std::uint32_t kSignatureListHeaderSize = 28;
constexpr std::uint32_t kGuidSize = 16;

gpt::PartitionUuid constant(std::string_view text) {
  return gpt::PartitionUuid::parse(text).value_or(gpt::PartitionUuid());
}

// One list per certificate, because all entries of a list have one size.
std::string signature_list(const crypto::Certificate& certificate, const gpt::PartitionUuid& owner) {
  const std::vector<std::byte> der = certificate.to_der();
  const auto entry_size = static_cast<std::uint32_t>(der.size()) + kGuidSize;
  Writer out;
  out.guid(constant(kCertX509))
      .number(kSignatureListHeaderSize + entry_size)
      .number(std::uint32_t{0})
      .number(entry_size);
  out.guid(owner).raw(der);
  return out.take();
}

// EFI_TIME with the fields that authenticated variables demand to be zero left at zero.
std::string efi_time(std::int64_t epoch) {
  const std::chrono::sys_seconds time{std::chrono::seconds{epoch}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  Writer out;
  out.number(static_cast<std::uint16_t>(static_cast<int>(date.year())));
  out.number(static_cast<std::uint8_t>(static_cast<unsigned>(date.month())))
      .number(static_cast<std::uint8_t>(static_cast<unsigned>(date.day())));
  out.number(static_cast<std::uint8_t>(clock.hours().count()))
      .number(static_cast<std::uint8_t>(clock.minutes().count()));
  out.number(static_cast<std::uint8_t>(clock.seconds().count())).number(std::uint8_t{0});
  out.number(std::uint32_t{0}).number(std::uint16_t{0}).number(std::uint8_t{0}).number(std::uint8_t{0});
  return out.take();
}

struct Signer {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
};

Result<Signer> load_signer(const KeyPair& pair) {
  auto key = TRY(crypto::PrivateKey::load(pair.key));
  auto certificate = TRY(crypto::Certificate::load(pair.certificate));
  return Signer{.key = std::move(key), .certificate = std::move(certificate)};
}

Result<Variable> make_variable(std::string name, std::string_view vendor, std::string list, const Signer& signer,
                               std::int64_t epoch) {
  const std::string time = efi_time(epoch);
  const std::string signed_bytes =
      Writer().ascii_as_utf16(name).guid(constant(vendor)).number(kAttributes).raw(time).raw(list).take();
  const auto signature = TRY(crypto::pkcs7_sign(signer.key, signer.certificate, as_bytes(signed_bytes),
                                                crypto::Pkcs7Form::signed_data_with_certificate));
  Writer out;
  out.raw(time);
  out.number(kWinCertificateHeaderSize + static_cast<std::uint32_t>(signature.size()));
  out.number(kWinCertificateRevision).number(kWinCertificateTypeEfiGuid).guid(constant(kCertTypePkcs7)).raw(signature);
  out.raw(list);
  return Variable{.name = std::move(name), .list = std::move(list), .authenticated = out.take()};
}

}  // namespace

Result<Enrolment> make_enrolment(const KeySet& keys, std::int64_t epoch) {
  static constexpr std::int64_t kYear9999 = 253402300799;
  if (epoch < 0 || epoch > kYear9999)
    return fail(ErrorCode::invalid_argument, "{} is not a time that firmware can store", epoch);
  const Signer platform = TRY_CTX(load_signer(keys.platform_key), "platform key");
  const Signer exchange = TRY_CTX(load_signer(keys.key_exchange_key), "key exchange key");
  const auto db = TRY(crypto::Certificate::load(keys.signature_db.certificate));
  const auto root_hash = TRY(crypto::Certificate::load(keys.root_hash.certificate));
  const gpt::PartitionUuid owner = gpt::derived_uuid("owner" + platform.certificate.fingerprint().to_string());
  Enrolment enrolment{.owner = owner, .platform_key = {}, .key_exchange_key = {}, .signature_db = {}};
  enrolment.platform_key =
      TRY(make_variable("PK", kGlobalVariable, signature_list(platform.certificate, owner), platform, epoch));
  enrolment.key_exchange_key =
      TRY(make_variable("KEK", kGlobalVariable, signature_list(exchange.certificate, owner), platform, epoch));
  enrolment.signature_db = TRY(make_variable(
      "db", kImageSecurityDatabase, signature_list(db, owner) + signature_list(root_hash, owner), exchange, epoch));
  return enrolment;
}

Result<> write_enrolment(const KeySet& keys, std::int64_t epoch, const sys::Path& directory) {
  const Enrolment enrolment = TRY_CTX(make_enrolment(keys, epoch), "making Secure Boot variables");
  for (const Variable* variable : {&enrolment.platform_key, &enrolment.key_exchange_key, &enrolment.signature_db}) {
    TRY(sys::write_file_atomically(directory / (variable->name + ".auth"), variable->authenticated));
    TRY(sys::write_file_atomically(directory / (variable->name + ".esl"), variable->list));
  }
  return {};
}

}  // namespace bulkhead::keys
