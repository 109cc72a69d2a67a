#include "api-server/user-data/applied.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::intake;
using bulkhead::testing::must;

namespace {

Document document(std::string source, std::string content) {
  return {.source = std::move(source), .content = std::move(content)};
}

Document on_disk(std::string disk, std::string content) {
  return {.source = "cidata", .content = std::move(content), .disk = std::move(disk)};
}

std::vector<std::string> sources(const std::vector<Document>& documents) {
  std::vector<std::string> names;
  for (const Document& each : documents) names.push_back(each.source);
  return names;
}

AppliedRecord applied_of(std::initializer_list<Document> documents, const std::string& refused = {}) {
  std::vector<SourceOutcome> outcomes = merged_documents(std::vector<Document>(documents)).outcomes;
  for (SourceOutcome& outcome : outcomes) {
    outcome.refused.reset();
    if (outcome.source == refused) outcome.refused = "no";
  }
  return after(std::nullopt, outcomes, {});
}

}  // namespace

TEST_CASE("user data is applied on the first boot, and then no more") {
  const std::vector<Document> documents = {on_disk("A", "a"), document("local", "b")};
  CHECK(must_apply(std::nullopt, {}, false));
  CHECK(sources(to_apply(std::nullopt, documents, false)) == std::vector<std::string>{"cidata", "local"});
  const AppliedRecord applied = applied_of({documents[0], documents[1]});
  CHECK(!must_apply(applied, documents, false));
  CHECK(!must_apply(applied, documents, true));
  const std::vector<Document> changed = {on_disk("A", "other"), documents[1]};
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

TEST_CASE("what has changed on another disk is ignored until an admin accepts it") {
  const Document local = document("local", "b");
  for (const char* refused : {"", "cidata"}) {
    CAPTURE(refused);
    const AppliedRecord applied = applied_of({on_disk("A", "a"), local}, refused);
    const std::vector<Document> same = {on_disk("A", "other"), local};
    CHECK(sources(to_apply(applied, same, true)) == std::vector<std::string>{"cidata", "local"});
    CHECK(must_apply(applied, same, false) == (refused == std::string("cidata")));
    CHECK_FALSE(why_ignored(applied, same[0]));
    CHECK_FALSE(can_be_accepted(applied, same[0]));

    const std::vector<Document> foreign = {on_disk("B", "other"), local};
    CHECK(why_ignored(applied, foreign[0]).value_or("").contains("another disk"));
    for (const bool reapply : {false, true}) {
      CHECK_FALSE(must_apply(applied, foreign, reapply));
      CHECK(sources(to_apply(applied, foreign, reapply, "cidata")) == std::vector<std::string>{"cidata", "local"});
    }
    // Nor when another document has changed.
    const std::vector<Document> with_other = {foreign[0], document("local", "c")};
    CHECK(sources(to_apply(applied, with_other, true)) == std::vector<std::string>{"local"});
  }
}

TEST_CASE("a disk without identity, or a record without one, is taken for no other disk") {
  const AppliedRecord nameless = applied_of({on_disk("", "a")});
  CHECK(why_ignored(nameless, on_disk("", "b")).value_or("").contains("no UUID"));
  CHECK(why_ignored(nameless, on_disk("B", "b")).value_or("").contains("not known"));
  CHECK(why_ignored(applied_of({on_disk("A", "a")}), on_disk("", "b")).value_or("").contains("no UUID"));
  CHECK_FALSE(why_ignored(nameless, on_disk("", "a")));
  CHECK(can_be_accepted(nameless, on_disk("", "a")));
  CHECK_FALSE(can_be_accepted(applied_of({document("fw-cfg", "a")}), document("fw-cfg", "b")));
  CHECK_FALSE(why_ignored(applied_of({document("fw-cfg", "a")}), document("fw-cfg", "b")));
  // What is there when the record was lost may be anybody's.
  const std::vector<Document> there = {on_disk("B", "a")};
  CHECK(completed(AppliedRecord{.incomplete = true}, there, {}).documents.at("cidata").disk.empty());
}

TEST_CASE("only an admin binds a source to another disk") {
  const AppliedRecord applied = applied_of({on_disk("A", "a"), document("local", "b")});
  // The content of before, on another disk: it may be applied again, with others.
  const std::vector<Document> copied = {on_disk("B", "a"), document("local", "c")};
  CHECK_FALSE(why_ignored(applied, copied[0]));
  CHECK(can_be_accepted(applied, copied[0]));
  CHECK(sources(to_apply(applied, copied, true)) == std::vector<std::string>{"cidata", "local"});
  std::vector<SourceOutcome> outcomes = merged_documents(copied).outcomes;
  CHECK(after(applied, outcomes, {}).documents.at("cidata").disk == "A");
  CHECK(why_ignored(after(applied, outcomes, {}), on_disk("B", "evil")));
  outcomes[0].accepted = true;
  CHECK(after(applied, outcomes, {}).documents.at("cidata").disk == "B");
}

TEST_CASE("a document that was refused is tried again when it has changed") {
  const std::vector<Document> documents = {document("cidata", "a"), document("smbios", "bad"), document("local", "b")};
  const AppliedRecord applied = applied_of({documents[0], documents[1], documents[2]}, "smbios");
  CHECK(!must_apply(applied, documents, false));
  const std::vector<Document> mended = {documents[0], document("smbios", "good"), documents[2]};
  CHECK(sources(to_apply(applied, mended, false)) == std::vector<std::string>{"smbios", "local"});
}

TEST_CASE("a document that was refused stays refused until it changes") {
  const std::vector<Document> documents = {on_disk("A", "a = 1\n"), document("local", "[settings]\n")};
  const AppliedRecord applied = applied_of({documents[0], documents[1]}, "cidata");
  const auto outcomes = still_refused(applied, documents, to_apply(applied, documents, false));
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].source == "cidata");
  CHECK(outcomes[0].refused.value_or("").contains("unknown table or key 'a'"));
  const AppliedRecord together = applied_of({documents[0], documents[1]}, "local");
  CHECK(still_refused(together, documents, {}).size() == 1);
  const std::vector<Document> mended = {on_disk("A", "[settings]\n"), documents[1]};
  CHECK(still_refused(applied, mended, to_apply(applied, mended, false)).empty());
  CHECK(still_refused(std::nullopt, documents, documents).empty());
}

TEST_CASE("the first answer of the metadata service counts whenever it comes") {
  const AppliedRecord applied = applied_of({document("cidata", "a")});
  const std::vector<Document> documents = {document("cidata", "a"), document("imds", "late")};
  CHECK(sources(to_apply(applied, documents, false)) == std::vector<std::string>{"imds"});
  CHECK(!must_apply(applied_of({documents[0], documents[1]}), documents, false));
}

TEST_CASE("what was applied is read back, and a damaged record is an error") {
  const auto directory = must(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-"));
  const sys::Path file = directory.path() / "user-data.json";
  CHECK(must(load_applied(file)) == std::nullopt);
  const AppliedRecord applied = applied_of({on_disk("vfat 1234-ABCD", "a"), document("local", "b")}, "local");
  must(store_applied(file, applied));
  CHECK(must(load_applied(file)) == applied);
  // As versions before wrote it: readable, and the disk is not known.
  must(sys::write_file_atomically(
      file, R"({"format": 1, "documents": {"cidata": {"sha256": "", "refused": false, "time": 0}}})"));
  CHECK(must(load_applied(file)).value().documents.at("cidata").disk.empty());
  for (const char* text :
       {"", "[]", "{}", R"({"format": 2, "documents": {}})", R"({"format": 1, "documents": {"local": 3}})",
        R"({"format": 1, "documents": {"local": {"sha256": 1, "refused": true, "time": 0}}})",
        R"({"format": 1, "documents": {"cidata": {"sha256": "", "refused": true, "time": 0, "disk": 1}}})"}) {
    must(sys::write_file_atomically(file, text));
    CHECK(load_applied(file).error().code == ErrorCode::data_loss);
  }
}
