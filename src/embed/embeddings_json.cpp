#include "embed/embeddings_json.h"

#include <charconv>
#include <cmath>

#include "json/scan.h"

namespace weir::embed {
namespace {

tl::unexpected<Error> wrong(std::string what) {
    return fail(ErrorCode::protocol, "the embedding endpoint's answer: " + std::move(what));
}

Result<Vector> read_vector(std::string_view body, json::Span array, std::size_t dimensions) {
    Vector vector;
    vector.reserve(dimensions);
    json::Walk numbers(body, array);
    while (numbers.next()) {
        const std::string_view raw = numbers.raw();
        float number = 0;
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number);
        // Smaller than a float can be is 0.
        const bool tiny = error == std::errc::result_out_of_range && std::abs(json::as_double(raw).value_or(1)) < 1;
        if (tiny) number = 0;
        const bool read = error == std::errc() && end == raw.data() + raw.size();
        if (!(read || tiny) || !std::isfinite(number)) return wrong("a component is not a number that fits");
        if (vector.size() == kDimensionsMost)
            return wrong("more than " + std::to_string(kDimensionsMost) + " dimensions");
        vector.push_back(number);
    }
    if (dimensions != 0 && vector.size() != dimensions) {
        return wrong(std::to_string(vector.size()) + " dimensions, not " + std::to_string(dimensions));
    }
    if (!normalize(vector)) return wrong("a vector of zeros");
    return vector;
}

}  // namespace

std::string embeddings_request(std::string_view model, std::span<const std::string_view> texts) {
    std::string body = "{\"model\":";
    json::write_string(model, body);
    body += ",\"input\":[";
    bool first = true;
    for (const std::string_view text : texts) {
        if (!first) body += ',';
        first = false;
        json::write_string(text, body);
    }
    body += "],\"encoding_format\":\"float\"}";
    return body;
}

Result<std::vector<Vector>> read_embeddings(std::string_view body, std::size_t count, std::size_t dimensions) {
    std::vector<json::Member> members;
    if (const Result<void> scanned = json::members(body, members); !scanned) return wrong(scanned.error().message);
    const std::optional<json::Span> data = json::find_member(body, {0, body.size()}, "data");
    if (!data || !json::is_array(data->of(body))) return wrong("no list called data");

    std::vector<Vector> vectors(count);
    std::size_t position = 0;
    json::Walk entries(body, *data);
    for (; entries.next(); ++position) {
        const json::Span entry = entries.value();
        if (position == count) return wrong("more than " + std::to_string(count) + " vectors");
        const std::optional<json::Span> array = json::find_member(body, entry, "embedding");
        if (!array || !json::is_array(array->of(body))) return wrong("no list called embedding");
        const std::optional<json::Span> index = json::find_member(body, entry, "index");
        std::int64_t place = static_cast<std::int64_t>(position);
        if (index) place = json::as_int64(index->of(body)).value_or(-1);
        if (place < 0 || static_cast<std::size_t>(place) >= count) return wrong("an index that was not asked for");
        Vector& vector = vectors[static_cast<std::size_t>(place)];
        if (!vector.empty()) return wrong("an index twice");
        Result<Vector> read = read_vector(body, *array, dimensions);
        if (!read) return tl::unexpected(read.error());
        dimensions = read->size();
        vector = std::move(*read);
    }
    if (position != count) return wrong(std::to_string(position) + " vectors, not " + std::to_string(count));
    return vectors;
}

}  // namespace weir::embed
