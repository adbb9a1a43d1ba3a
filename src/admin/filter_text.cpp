#include "admin/filter_text.h"

#include <algorithm>

#include "base/hash.h"

namespace weir::admin {
namespace {

constexpr store::NameId kUnknownName = 0xFFFF'FFFF;  // of no request

store::NameId id_of(const store::NamesById& names, const std::string& name) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.second == name; });
    return found == names.end() ? kUnknownName : found->first;
}

// "none" is a name like any other as well, where something is called that.
void add_name(const store::NamesById& names, const std::string& name, std::vector<store::NameId>& to) {
    to.push_back(id_of(names, name));
    if (name == kNoNameText) to.push_back(store::kNoName);
}

Result<void> add_tier(const std::string& value, store::FlowFilter& filter) {
    for (std::size_t code = 0; code < kTiers; ++code) {
        if (tier_name(code) != value && !(code == 0 && value == kNoNameText)) continue;
        filter.tiers.push_back(store::tier_of_code(static_cast<std::int64_t>(code)));
        return {};
    }
    return fail(ErrorCode::invalid, "tier is exact, semantic, student, model, reference or nobody");
}

}  // namespace

std::string tier_name(std::size_t code) {
    const auto tier = store::tier_of_code(static_cast<std::int64_t>(code));
    return tier ? std::string(store::to_string(*tier)) : "nobody";
}

Result<bool> read_filter(const std::string& name, const std::string& value, const store::NamesById& names,
                         store::FlowFilter& filter) {
    if (name == "task") {
        const std::optional<std::uint64_t> task =
            value == kNoNameText ? std::optional<std::uint64_t>(0) : parse_hex(value);
        if (!task) return fail(ErrorCode::invalid, "task has 16 hexadecimal digits");
        filter.tasks.push_back(*task);
    } else if (name == "tenant") {
        add_name(names, value, filter.tenants);
    } else if (name == "cascade") {
        add_name(names, value, filter.cascades);
    } else if (name == "reference") {
        add_name(names, value, filter.references);
    } else if (name == "tier") {
        if (auto added = add_tier(value, filter); !added) return tl::unexpected(added.error());
    } else {
        return false;
    }
    return true;
}

}  // namespace weir::admin
