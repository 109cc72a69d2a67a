#include "lib/verity/root_hash_signature.hpp"

#include <map>

#include "lib/codec/base64.hpp"

namespace bulkhead::verity {
namespace {

constexpr std::string_view kRootHash = "rootHash";
constexpr std::string_view kFingerprint = "certificateFingerprint";
constexpr std::string_view kSignature = "signature";

// A reader for the one shape of JSON that the record has: a flat object of strings. A JSON library would make the
// initrd's program a tenth larger.
class FlatObjectReader {
 public:
  explicit FlatObjectReader(std::string_view text) : text_(text) {}

  Result<std::map<std::string_view, std::string_view>> read() {
    std::map<std::string_view, std::string_view> members;
    TRY(expect('{'));
    do {
      const std::string_view name = TRY(read_string());
      TRY(expect(':'));
      const std::string_view value = TRY(read_string());
      if (!members.emplace(name, value).second) return fail(ErrorCode::data_loss, "member '{}' twice", name);
    } while (skip(','));
    TRY(expect('}'));
    skip_space();
    if (text_.find_first_not_of('\0') != std::string_view::npos)
      return fail(ErrorCode::data_loss, "something follows the record");
    return members;
  }

 private:
  void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size())); }

  bool skip(char wanted) {
    skip_space();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }

  Result<> expect(char wanted) {
    if (skip(wanted)) return {};
    return fail(ErrorCode::data_loss, "'{}' is missing", wanted);
  }

  Result<std::string_view> read_string() {
    TRY(expect('"'));
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const auto c = static_cast<unsigned char>(text_[i]);
      if (c == '"') {
        const std::string_view value = text_.substr(0, i);
        text_.remove_prefix(i + 1);
        return value;
      }
      if (c == '\\' || c < 0x20 || c > 0x7e) return fail(ErrorCode::data_loss, "character {:#04x} in a string", c);
    }
    return fail(ErrorCode::data_loss, "a string does not end");
  }

  std::string_view text_;
};

Result<RootHashSignature> from_members(const std::map<std::string_view, std::string_view>& members) {
  if (members.size() != 3) return fail(ErrorCode::data_loss, "{} members instead of 3", members.size());
  for (const std::string_view name : {kRootHash, kFingerprint, kSignature}) {
    if (!members.contains(name)) return fail(ErrorCode::data_loss, "member '{}' is missing", name);
  }
  RootHashSignature record;
  record.root_hash = TRY(Sha256::parse(members.at(kRootHash)));
  record.certificate_fingerprint = TRY(Sha256::parse(members.at(kFingerprint)));
  record.signature = TRY(codec::from_base64(members.at(kSignature)));
  if (record.signature.empty()) return fail(ErrorCode::data_loss, "the signature is empty");
  return record;
}

Error as_data_loss(Error reason) {
  reason.code = ErrorCode::data_loss;
  return std::move(reason).with_context("reading a root hash signature");
}

}  // namespace

Result<std::string> write_root_hash_signature(const RootHashSignature& record) {
  std::string text =
      std::format(R"({{"{}":"{}","{}":"{}","{}":"{}"}})", kRootHash, record.root_hash.to_string(), kFingerprint,
                  record.certificate_fingerprint.to_string(), kSignature, codec::to_base64(record.signature));
  if (text.size() > kSignaturePartitionSize) {
    return fail(ErrorCode::failed_precondition, "the root hash signature needs {} bytes, its partition has {}",
                text.size(), kSignaturePartitionSize);
  }
  text.resize(kSignaturePartitionSize, '\0');
  return text;
}

Result<RootHashSignature> parse_root_hash_signature(std::span<const std::byte> bytes) {
  auto members = FlatObjectReader(as_text(bytes.first(std::min(bytes.size(), kSignaturePartitionSize)))).read();
  if (!members) return fail(as_data_loss(std::move(members).error()));
  auto record = from_members(*members);
  if (!record) return fail(as_data_loss(std::move(record).error()));
  return record;
}

}  // namespace bulkhead::verity
