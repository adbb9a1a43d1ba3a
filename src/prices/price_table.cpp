#include "prices/price_table.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <limits>
#include <system_error>
#include <utility>

#include "base/decimal.h"
#include "json/scan.h"
#include "prices/built_in_prices.h"

namespace weir::prices {
namespace {

__extension__ using Int128 = __int128;

constexpr Int128 kPicosPerNano = 1000;
constexpr int kPicoScale = 12;  // decimal places of a dollar

// Within +-2^124, so that four of them can be added; far beyond what a sum of money may be anyhow.
Int128 part(Tokens tokens, PicoUsdPerToken price) {
    constexpr Int128 kBound = Int128{1} << 124;
    return std::clamp(Int128{tokens} * price.picos, -kBound, kBound);
}

bool has_no_output(std::string_view mode) {
    return mode == "embedding" || mode == "rerank" || mode == "moderation";
}

// One row of a price file: what of it is read.
struct FileRow {
    std::optional<PicoUsdPerToken> input, output, input_cached, input_cache_write;
    std::string vendor;
    std::string mode;
};

Result<PicoUsdPerToken> read_price(std::string_view raw) {
    const auto picos = parse_decimal_scaled(raw, kPicoScale, ExtraDigits::round);
    if (!picos && picos.error().code != ErrorCode::too_large) return fail(ErrorCode::invalid, "is not a number");
    if (raw.starts_with('-') && (!picos || *picos != 0)) return fail(ErrorCode::invalid, "is negative");
    if (!picos || *picos > kMaxFilePrice.picos) {
        return fail(ErrorCode::invalid, "is above 1 USD a token (prices are in USD per token, not per million)");
    }
    return PicoUsdPerToken{*picos};
}

// A price of a row; nothing for null. `text` is the whole file.
Result<std::optional<PicoUsdPerToken>> read_field(std::string_view text, const json::Member& field) {
    const std::string_view raw = field.raw(text);
    if (json::is_null(raw)) return std::nullopt;
    const auto price = read_price(raw);
    if (price) return *price;
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(field.value.begin), '\n');
    return fail(ErrorCode::invalid, std::to_string(line) + ": " + field.key + " " + price.error().message);
}

// Error messages begin with the line.
Result<FileRow> read_row(std::string_view text, json::Span object, std::vector<json::Member>& fields) {
    FileRow row;
    json::members_within(text, object, fields);
    for (const json::Member& field : fields) {
        std::optional<PicoUsdPerToken>* target = nullptr;
        if (field.key == "input_cost_per_token") target = &row.input;
        if (field.key == "output_cost_per_token") target = &row.output;
        if (field.key == "cache_read_input_token_cost") target = &row.input_cached;
        if (field.key == "cache_creation_input_token_cost") target = &row.input_cache_write;
        if (field.key == "litellm_provider") row.vendor = json::as_string(field.raw(text)).value_or("");
        if (field.key == "mode") row.mode = json::as_string(field.raw(text)).value_or("");
        if (target == nullptr) continue;
        auto price = read_field(text, field);
        if (!price) return tl::unexpected(price.error());
        *target = *price;
    }
    if (!row.output && has_no_output(row.mode)) row.output = PicoUsdPerToken{0};
    return row;
}

Result<std::string> read_file(const std::string& path) {
    const auto why = [&] { return path + ": " + std::generic_category().message(errno); };
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, why());
    std::string text;
    std::array<char, 65'536> chunk;
    while (file.read(chunk.data(), chunk.size()) || file.gcount() > 0) {
        text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
        if (text.size() > kMaxPriceFileBytes) return fail(ErrorCode::too_large, path + ": larger than 64 MiB");
    }
    if (file.bad()) return fail(ErrorCode::io, why());
    return text;
}

}  // namespace

Usd cost_of(const wire::Usage& usage, const Price& price) {
    const Int128 picos =
        part(usage.input_uncached, price.input) + part(usage.input_cached, price.input_cached.value_or(price.input)) +
        part(usage.input_cache_write, price.input_cache_write.value_or(price.input)) + part(usage.output, price.output);
    const Int128 raised = picos + kPicosPerNano / 2;
    Int128 nanos = raised / kPicosPerNano;
    if (raised % kPicosPerNano < 0) --nanos;  // down, not towards zero
    constexpr Int128 kMin = std::numeric_limits<std::int64_t>::min();
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    return Usd{static_cast<std::int64_t>(std::clamp(nanos, kMin, kMax))};
}

PriceTable PriceTable::built_in() {
    PriceTable table;
    const auto optional = [](std::int64_t picos) -> std::optional<PicoUsdPerToken> {
        if (picos == BuiltInPrice::kNone) return std::nullopt;
        return PicoUsdPerToken{picos};
    };
    for (const BuiltInVendor& vendor : built_in_prices()) {
        for (const BuiltInPrice& row : vendor.prices) {
            Price price{{row.input},
                        {row.output},
                        optional(row.input_cached),
                        optional(row.input_cache_write),
                        std::string(row.source->address),
                        std::string(row.source->as_of)};
            table.rows_.insert_or_assign(std::string(row.model), Row{std::move(price), std::string(vendor.name)});
        }
    }
    return table;
}

Result<void> PriceTable::merge_file(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return merge_json(*text, path);
}

Result<void> PriceTable::merge_json(std::string_view text, const std::string& name) {
    std::vector<json::Member> models;
    if (auto read = json::members(text, models, kMaxPriceRows); !read) {
        return fail(read.error().code, name + ": " + read.error().message);
    }
    std::vector<std::pair<std::string, Row>> rows;
    std::vector<json::Member> fields;
    for (json::Member& model : models) {
        if (model.key == "sample_spec") continue;
        const auto in_place = [&](const std::string& line_and_what) {
            return fail(ErrorCode::invalid, name + ":" + line_and_what + " (model \"" + model.key + "\")");
        };
        if (!json::is_object(model.raw(text))) {
            const auto begin = static_cast<std::ptrdiff_t>(model.value.begin);
            const auto line = 1 + std::count(text.begin(), text.begin() + begin, '\n');
            return in_place(std::to_string(line) + ": a model's value is not an object");
        }
        auto row = read_row(text, model.value, fields);
        if (!row) return in_place(row.error().message);
        if (!row->input || !row->output) continue;
        Price price{*row->input, *row->output, row->input_cached, row->input_cache_write, name, ""};
        rows.emplace_back(std::move(model.key), Row{std::move(price), std::move(row->vendor)});
    }
    for (auto& [model, row] : rows) rows_.insert_or_assign(std::move(model), std::move(row));
    return {};
}

void PriceTable::set(std::string model, Price price) {
    Row& row = rows_[std::move(model)];  // keeps the vendor of a row that is there
    row.price = std::move(price);
}

const Price* PriceTable::find(std::string_view provider, std::string_view model) const {
    std::string full(provider);
    full += '/';
    full += model;
    auto row = rows_.find(full);
    if (row == rows_.end()) row = rows_.find(model);
    return row == rows_.end() ? nullptr : &row->second.price;
}

std::string_view PriceTable::vendor_of(std::string_view model) const {
    const auto row = rows_.find(model);
    return row == rows_.end() ? std::string_view() : std::string_view(row->second.vendor);
}

}  // namespace weir::prices
