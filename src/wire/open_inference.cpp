#include "wire/open_inference.h"

#include <algorithm>
#include <vector>

#include "json/scan.h"
#include "wire/tensors.h"

namespace weir::wire {
namespace {

constexpr std::string_view kModels = "/v2/models/";
constexpr std::string_view kVersions = "/versions/";

bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= kMaxVersionBytes && text.front() != '.' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.';
           });
}

// A member of the object's `parameters`, raw; empty: there is none.
std::string_view parameter(std::string_view head, json::Span object, std::string_view name) {
    const auto parameters = json::find_member(head, object, "parameters");
    if (!parameters || !json::is_object(parameters->of(head))) return {};
    const auto value = json::find_member(head, *parameters, name);
    return value ? value->of(head) : std::string_view();
}

bool names_once(std::string_view head, json::Span object) {
    std::vector<json::Member> members;
    json::members_within(head, object, members);
    std::vector<std::string_view> names;
    for (const json::Member& member : members) names.push_back(member.key);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
}

// No name of the object's, nor of its parameters, stands twice: servers differ in which one counts.
bool is_clear(std::string_view head, json::Span object) {
    if (!names_once(head, object)) return false;
    const auto parameters = json::find_member(head, object, "parameters");
    return !parameters || !json::is_object(parameters->of(head)) || names_once(head, *parameters);
}

bool tensors_say_it_all(std::string_view head, std::string_view list) {
    const auto array = json::find_member(head, whole_of(head), list);
    if (!array || !json::is_array(array->of(head))) return true;
    for (json::Walk tensor(head, *array); tensor.next();) {
        if (!tensor.at_object()) continue;
        const json::Span object = tensor.value();
        if (!is_clear(head, object) || !parameter(head, object, "shared_memory_region").empty()) return false;
    }
    return true;
}

}  // namespace

std::optional<OpenInferencePath> open_inference_path(std::string_view path) {
    if (!path.starts_with(kModels)) return std::nullopt;
    path.remove_prefix(kModels.size());
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end == 0) return std::nullopt;
    OpenInferencePath found{path.substr(0, end), path.substr(end), {}, path.substr(end)};
    if (!found.rest.starts_with(kVersions)) return found;
    const std::string_view behind = found.rest.substr(kVersions.size());
    const std::string_view version = behind.substr(0, behind.find('/'));
    if (!is_version(version)) return found;
    found.version = version;
    found.action = behind.substr(version.size());
    return found;
}

bool says_it_all(std::string_view head) {
    const std::string_view sequence = parameter(head, whole_of(head), "sequence_id");
    const bool in_sequence = !sequence.empty() && sequence != "0" && sequence != "\"\"";
    return !in_sequence && is_clear(head, whole_of(head)) && tensors_say_it_all(head, "inputs") &&
           tensors_say_it_all(head, "outputs");
}

Result<Digest256> request_digest(std::string_view head, std::string_view tensors, const FieldRules& rules) {
    const TensorBody body{head, tensors, !tensors.empty()};
    const std::optional<std::string> read = with_tensor_digests(body);
    if (!read) return fail(ErrorCode::invalid, "its tensors are not what it says");
    const Result<Digest256> fields = field_digest(*read, rules);
    if (!fields) return tl::unexpected(fields.error());
    static const FieldRules kOutputs{{json::Path::parse("/outputs").value()}, {}};
    static const FieldRules kForm{{json::Path::parse("/parameters/binary_data_output").value()}, {}};
    Sha256 hash;
    hash.update_part(body.binary ? "binary" : "json");
    for (const Result<Digest256>& part : {fields, field_digest(head, kOutputs), field_digest(head, kForm)}) {
        if (!part && part.error().code != ErrorCode::not_found) return part;
        hash.update_part(part ? std::string_view(reinterpret_cast<const char*>(part->data()), part->size())
                              : std::string_view());
    }
    return hash.finish();
}

std::string with_id_of(std::string_view answer, std::string_view request) {
    std::vector<json::Member> asked, said;
    if (!json::members(request, asked) || !json::members(answer, said)) return std::string(answer);
    std::string_view id;
    for (const json::Member& member : asked) {
        if (member.key == "id") id = member.raw(request);
    }
    std::string out = "{";
    const auto add = [&out](std::string_view key, std::string_view value) {
        if (out.size() > 1) out += ',';
        out += key;
        out += ':';
        out += value;
    };
    bool written = id.empty();
    for (const json::Member& member : said) {
        const bool is_id = member.key == "id";
        if (is_id && written) continue;
        written = written || is_id;
        add(member.key_span.of(answer), is_id ? id : member.raw(answer));
    }
    if (!written) add("\"id\"", id);
    return out + "}";
}

}  // namespace weir::wire
