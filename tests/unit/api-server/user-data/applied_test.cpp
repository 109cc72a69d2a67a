#include "api-server/user-data/applied.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::user_data;
using bulkhead::testing::must;

namespace {

Document document(std::string source, std::string content) {
  return {.source = std::move(source), .content = std::move(content)};
}

std::vector<std::string> sources(const std::vector<Document>& documents) {
  std::vector<std::string> names;
  for (const Document& each : documents) names.push_back(each.source);
  return names;
}

Applied applied_of(std::initializer_list<Document> documents, const std::string& refused = {}) {
  std::vector<SourceOutcome> outcomes = merged_documents(std::vector<Document>(documents)).outcomes;
  for (SourceOutcome& outcome : outcomes) {
    outcome.refused.reset();
    if (outcome.source == refused) outcome.refused = "no";
  }
  return after(std::nullopt, outcomes, {});
}

}  // namespace

TEST_CASE("user data is applied on the first boot, and then no more") {
  const std::vector<Document> documents = {document("cidata", "a"), document("local", "b")};
  CHECK(must_apply(std::nullopt, {}, false));
  CHECK(sources(to_apply(std::nullopt, documents, false)) == std::vector<std::string>{"cidata", "local"});
  const Applied applied = applied_of({documents[0], documents[1]});
  CHECK(!must_apply(applied, documents, false));
  CHECK(!must_apply(applied, documents, true));
  const std::vector<Document> changed = {document("cidata", "other"), documents[1]};
  CHECK(!must_apply(applied, changed, false));
  CHECK(sources(to_apply(applied, changed, true)) == std::vector<std::string>{"cidata", "local"});
  const std::vector<Document> more = {documents[0], document("fw-cfg", "new"), documents[1]};
  CHECK(!must_apply(applied, more, false));
  CHECK(!must_apply(applied, more, true));  // a disk that was attached later
  CHECK(is_new(applied, "fw-cfg"));
  CHECK_FALSE(is_new(applied, "imds"));
  const std::vector<Document> both = {changed[0], more[1], documents[1]};
  CHECK(sources(to_apply(applied, both, true)) == std::vector<std::string>{"cidata", "local"});
}

TEST_CASE("a document that was refused is tried again when it has changed") {
  const std::vector<Document> documents = {document("cidata", "a"), document("smbios", "bad"), document("local", "b")};
  const Applied applied = applied_of({documents[0], documents[1], documents[2]}, "smbios");
  CHECK(!must_apply(applied, documents, false));
  const std::vector<Document> mended = {documents[0], document("smbios", "good"), documents[2]};
  CHECK(sources(to_apply(applied, mended, false)) == std::vector<std::string>{"smbios", "local"});
}

TEST_CASE("a document that was refused stays refused until it changes") {
  const std::vector<Document> documents = {document("cidata", "a = 1\n"), document("local", "[settings]\n")};
  const Applied applied = applied_of({documents[0], documents[1]}, "cidata");
  const auto outcomes = still_refused(applied, documents, to_apply(applied, documents, false));
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].source == "cidata");
  CHECK(outcomes[0].refused.value_or("").contains("unknown table or key 'a'"));
  const Applied together = applied_of({documents[0], documents[1]}, "local");
  CHECK(still_refused(together, documents, {}).size() == 1);
  const std::vector<Document> mended = {document("cidata", "[settings]\n"), documents[1]};
  CHECK(still_refused(applied, mended, to_apply(applied, mended, false)).empty());
  CHECK(still_refused(std::nullopt, documents, documents).empty());
}

TEST_CASE("the first answer of the metadata service counts whenever it comes") {
  const Applied applied = applied_of({document("cidata", "a")});
  const std::vector<Document> documents = {document("cidata", "a"), document("imds", "late")};
  CHECK(sources(to_apply(applied, documents, false)) == std::vector<std::string>{"imds"});
  CHECK(!must_apply(applied_of({documents[0], documents[1]}), documents, false));
}

TEST_CASE("what was applied is read back, and a damaged record is an error") {
  const auto directory = must(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-"));
  const sys::Path file = directory.path() / "user-data.json";
  CHECK(must(load_applied(file)) == std::nullopt);
  const Applied applied = applied_of({document("cidata", "a"), document("local", "b")}, "local");
  must(store_applied(file, applied));
  CHECK(must(load_applied(file)) == applied);
  for (const char* text :
       {"", "[]", "{}", R"({"format": 2, "documents": {}})", R"({"format": 1, "documents": {"local": 3}})",
        R"({"format": 1, "documents": {"local": {"sha256": 1, "refused": true, "time": 0}}})"}) {
    must(sys::write_file_atomically(file, text));
    CHECK(load_applied(file).error().code == ErrorCode::data_loss);
  }
}
