#include "cli/export_manifest.h"

#include "base/files.h"
#include "base/hash.h"
#include "cli/table.h"
#include "json/scan.h"

namespace weir::cli {
namespace {

constexpr std::size_t kMostBytes = 1u << 20;
constexpr std::size_t kMostCascades = 1'000;

// The text of a member; nothing where it is absent or no text.
std::optional<std::string> text_of(std::string_view document, json::Span object, std::string_view name) {
    const auto found = json::find_member(document, object, name);
    return found ? json::as_string(found->of(document)) : std::nullopt;
}

// False: it is there and is none.
bool read_base(std::string_view document, json::Span manifest, ExportManifest& to) {
    const auto found = json::find_member(document, manifest, "base");
    if (!found || json::is_null(found->of(document))) return true;
    const auto architecture = text_of(document, *found, "architecture");
    const auto chat_template = text_of(document, *found, "chat_template_sha256");
    const auto tokenizer = text_of(document, *found, "tokenizer_sha256");
    const auto shapes = text_of(document, *found, "shapes_sha256");
    if (!architecture || !chat_template || !tokenizer || !shapes) return false;
    to.base = local::ModelMarks{*architecture, *chat_template, *tokenizer, *shapes};
    return true;
}

}  // namespace

std::string base_json(const std::optional<local::ModelMarks>& base, const std::string& file) {
    if (!base) return "null";
    return "{\"file\": " + json_string(file.substr(file.rfind('/') + 1)) +
           ", \"architecture\": " + json_string(base->architecture) +
           ", \"chat_template_sha256\": " + json_string(base->chat_template) +
           ", \"tokenizer_sha256\": " + json_string(base->tokenizer) +
           ", \"shapes_sha256\": " + json_string(base->shapes) + "}";
}

Result<ExportManifest> read_export_manifest(const std::string& file) {
    const Result<std::string> text = read_file(file, kMostBytes);
    if (!text) return tl::unexpected(text.error());
    const auto refused = [&](const std::string& why) { return fail(ErrorCode::invalid, file + ": " + why); };
    std::vector<json::Member> members;
    if (const auto read = json::members(*text, members); !read) return refused(read.error().message);
    const json::Span all{text->find('{'), text->size()};
    ExportManifest manifest;
    const auto task = text_of(*text, all, "task");
    if (!task || !parse_hex(*task)) return refused("it is no manifest of `weir export`: it names no task");
    manifest.task = *task;
    manifest.name = text_of(*text, all, "name").value_or("");
    manifest.tenant = text_of(*text, all, "tenant").value_or("");
    if (const auto cascades = json::find_member(*text, all, "cascades")) {
        for (json::Walk walk(*text, *cascades); walk.next() && manifest.cascades.size() < kMostCascades;) {
            if (auto name = json::as_string(walk.raw())) manifest.cascades.push_back(std::move(*name));
        }
    }
    if (!read_base(*text, all, manifest)) return refused("its `base` is incomplete");
    return manifest;
}

}  // namespace weir::cli
