#include "wire/open_inference.h"

#include <algorithm>
#include <vector>

#include "json/scan.h"

namespace weir::wire {
namespace {

constexpr std::string_view kModels = "/v2/models/";

bool is_true_member(std::string_view object, std::string_view name) {
    const auto parameters = json::find_member(object, {0, object.size()}, "parameters");
    if (!parameters || !json::is_object(parameters->of(object))) return false;
    const auto value = json::find_member(object, *parameters, name);
    return value && json::as_bool(value->of(object)) == true;
}

}  // namespace

std::optional<OpenInferencePath> open_inference_path(std::string_view path) {
    if (!path.starts_with(kModels)) return std::nullopt;
    path.remove_prefix(kModels.size());
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end == 0) return std::nullopt;
    return OpenInferencePath{path.substr(0, end), path.substr(end)};
}

bool asks_for_binary(std::string_view body) {
    body = body.substr(std::min(body.find('{'), body.size()));
    body = body.substr(0, body.rfind('}') + 1);
    if (is_true_member(body, "binary_data_output")) return true;
    const auto outputs = json::find_member(body, {0, body.size()}, "outputs");
    if (!outputs || !json::is_array(outputs->of(body))) return false;
    for (json::Walk output(body, *outputs); output.next();) {
        if (output.at_object() && is_true_member(output.raw(), "binary_data")) return true;
    }
    return false;
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
