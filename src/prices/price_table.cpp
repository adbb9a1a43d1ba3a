#include "prices/price_table.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "json/scan.h"
#include "prices/built_in_prices.h"
#include "prices/price_row.h"

namespace weir::prices {
namespace {

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

// Whether `model` is one of the names, which stand with a space between.
bool names(std::string_view models, std::string_view model) {
    for (std::size_t at = models.find(model); at != std::string_view::npos; at = models.find(model, at + 1)) {
        const std::size_t end = at + model.size();
        if ((at == 0 || models[at - 1] == ' ') && (end == models.size() || models[end] == ' ')) return true;
    }
    return false;
}

// What the tables of built_in_prices.h have beside a model's row.
std::shared_ptr<const PriceMore> more_of(std::string_view model) {
    const auto rate = [](std::int64_t picos) { return picos == BuiltInPrice::kNone ? Rate() : PicoUsdPerToken{picos}; };
    PriceMore more;
    std::string_view models;
    for (const BuiltInVariant& v : built_in_variants()) {
        if (!v.models.empty()) models = v.models;
        if (!names(models, model)) continue;
        RateVariant& variant = more.variants.emplace_back();
        variant.tier = v.tier;
        variant.least_prompt = v.above == 0 ? 0 : v.above + 1;
        variant.rates.input = rate(v.input);
        variant.rates.output = rate(v.output);
        variant.rates.input_cached = rate(v.input_cached);
        variant.rates.input_cache_write = rate(v.input_cache_write);
    }
    for (const BuiltInExtra& extra : built_in_extras()) {
        if (!names(extra.models, model)) continue;
        more.rare.audio_input = rate(extra.audio_input);
        more.rare.audio_cached = rate(extra.audio_cached);
        more.rare.image_input = rate(extra.image_input);
        more.web_search.fill(rate(extra.web_search));
    }
    return more == PriceMore{} ? nullptr : std::make_shared<const PriceMore>(std::move(more));
}

}  // namespace

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
            price.more = more_of(row.model);
            apply_vendor_rules(vendor.name, price);
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
        auto row = read_price_row(text, model.value, fields);
        if (!row) return in_place(row.error().message);
        if (!row->has_value()) continue;
        PriceRow& read = **row;
        read.price.source = name;
        rows.emplace_back(std::move(model.key), Row{std::move(read.price), std::move(read.vendor)});
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
