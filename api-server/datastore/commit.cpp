#include "api-server/datastore/commit.hpp"

#include "lib/codec/json.hpp"
#include "lib/crypto/sha256.hpp"

namespace bulkhead::datastore {
namespace {

using settings::Flat;
using settings::Json;
using settings::Key;

constexpr std::size_t kDigits = 16;

std::string checksum(std::string_view text) { return crypto::sha256(text).to_string().substr(0, kDigits); }

std::string line_of(const Json& json) {
  const std::string text = json.dump(-1, ' ', true);
  return checksum(text) + ' ' + text + '\n';
}

Result<Json> parse_line(std::string_view line) {
  if (line.size() <= kDigits || line[kDigits] != ' ' || checksum(line.substr(kDigits + 1)) != line.substr(0, kDigits))
    return fail(ErrorCode::data_loss, "a record of the datastore is damaged");
  auto json = codec::parse_json(line.substr(kDigits + 1));
  if (!json || !json->is_object())
    return fail(ErrorCode::invalid_argument, "a record of the datastore is not a JSON object");
  return json;
}

// A member of a record, of the given type.
Result<Json> member(const Json& json, const char* name, Json::value_t type) {
  const auto found = json.find(name);
  const bool number = type == Json::value_t::number_unsigned;
  if (found == json.end() || (number ? !found->is_number_unsigned() : found->type() != type))
    return fail(ErrorCode::invalid_argument, "a record of the datastore has no valid '{}'", name);
  return *found;
}

Result<Flat> values_of(const Json& table) {
  Flat values;
  for (const auto& [name, value] : table.items()) {
    Key key = TRY(Key::parse(name));
    values.emplace(std::move(key), value);
  }
  return values;
}

}  // namespace

std::string to_line(const Base& base) {
  Json values = Json::object();
  for (const auto& [key, value] : base.values) values[key.to_string()] = value;
  return line_of({{"format", kFormat}, {"id", base.id}, {"values", std::move(values)}});
}

std::string to_line(const Commit& commit) {
  Json set = Json::object();
  Json unset = Json::array();
  for (const Change& change : commit.changes) {
    if (change.value)
      set[change.key.to_string()] = *change.value;
    else
      unset.push_back(change.key.to_string());
  }
  return line_of({{"id", commit.id},
                  {"time", static_cast<std::uint64_t>(commit.time.time_since_epoch().count())},
                  {"author", commit.author},
                  {"transaction", commit.transaction},
                  {"set", std::move(set)},
                  {"unset", std::move(unset)}});
}

Result<Base> parse_base(std::string_view line) {
  const Json json = TRY(parse_line(line));
  const Json format = TRY(member(json, "format", Json::value_t::number_unsigned));
  if (format != kFormat)
    return fail(error(ErrorCode::failed_precondition, "the datastore has format {}; this version reads only format {}",
                      format.dump(), kFormat)
                    .with_hint("boot the version that wrote it"));
  const Json id = TRY(member(json, "id", Json::value_t::number_unsigned));
  const Json table = TRY(member(json, "values", Json::value_t::object));
  Flat values = TRY(values_of(table));
  return Base{.id = id.get<std::uint64_t>(), .values = std::move(values)};
}

Result<Commit> parse_commit(std::string_view line) {
  const Json json = TRY(parse_line(line));
  Commit commit;
  const Json id = TRY(member(json, "id", Json::value_t::number_unsigned));
  const Json time = TRY(member(json, "time", Json::value_t::number_unsigned));
  const Json author = TRY(member(json, "author", Json::value_t::string));
  const Json transaction = TRY(member(json, "transaction", Json::value_t::string));
  commit.id = id.get<std::uint64_t>();
  commit.time = std::chrono::sys_time<std::chrono::milliseconds>(
      std::chrono::milliseconds(static_cast<std::int64_t>(time.get<std::uint64_t>() & INT64_MAX)));
  commit.author = author.get<std::string>();
  commit.transaction = transaction.get<std::string>();
  std::map<Key, std::optional<Json>> changes;
  const Json set = TRY(member(json, "set", Json::value_t::object));
  const Flat values = TRY(values_of(set));
  for (const auto& [key, value] : values) changes[key] = value;
  const Json unset = TRY(member(json, "unset", Json::value_t::array));
  for (const Json& name : unset) {
    if (!name.is_string()) return fail(ErrorCode::invalid_argument, "a record of the datastore unsets no key");
    const Key key = TRY(Key::parse(name.get_ref<const std::string&>()));
    changes[key] = std::nullopt;
  }
  for (auto& [key, value] : changes) commit.changes.push_back({.key = key, .value = std::move(value)});
  return commit;
}

void apply(const std::vector<Change>& changes, Flat& values) {
  for (const Change& change : changes) {
    if (change.value)
      values[change.key] = *change.value;
    else
      values.erase(change.key);
  }
}

std::vector<Change> difference(const Flat& from, const Flat& to) {
  std::map<Key, std::optional<Json>> changes;
  for (const auto& [key, value] : from) {
    if (!to.contains(key)) changes[key] = std::nullopt;
  }
  for (const auto& [key, value] : to) {
    const auto before = from.find(key);
    if (before == from.end() || before->second != value) changes[key] = value;
  }
  std::vector<Change> result;
  for (auto& [key, value] : changes) result.push_back({.key = key, .value = std::move(value)});
  return result;
}

}  // namespace bulkhead::datastore
