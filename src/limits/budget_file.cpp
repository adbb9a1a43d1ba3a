#include "limits/budget_file.h"

#include <set>

#include "base/files.h"
#include "json/scan.h"
#include "limits/sealed_file.h"

namespace weir::limits {
namespace {

constexpr std::string_view kWhat = "budgets";
constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMostMembers = 8;
constexpr std::size_t kMostSlots = 61;

void append_record(const BudgetRecord& record, std::string& out) {
    out += R"({"budget":)";
    json::write_string(record.budget, out);
    out += R"(,"of":)";
    json::write_string(record.of, out);
    out += R"(,"start_unix_us":)" + std::to_string(record.start_unix);
    out += R"(,"charged_nano_usd":)" + std::to_string(record.charged) + R"(,"slots":[)";
    for (const auto& [number, nanos] : record.slots) {
        if (out.back() != '[') out += ',';
        out += '[' + std::to_string(number) + ',' + std::to_string(nanos) + ']';
    }
    out += "]}\n";
}

// [[number, nano-dollars], ...]
bool read_slots(std::string_view line, json::Span list, BudgetRecord& to) {
    for (json::Walk slots(line, list); slots.next();) {
        std::vector<json::Span> parts;
        json::elements_within(line, slots.value(), parts);
        if (parts.size() != 2 || to.slots.size() == kMostSlots) return false;
        const auto number = json::as_int64(parts[0].of(line));
        const auto nanos = json::as_int64(parts[1].of(line));
        if (!number || !nanos || *number < 0 || *nanos < 0) return false;
        to.slots.emplace_back(*number, *nanos);
    }
    return true;
}

Result<BudgetRecord> parse_record(std::string_view line) {
    std::vector<json::Member> members;
    if (Result<void> read = json::members(line, members, kMostMembers); !read) return tl::unexpected(read.error());
    BudgetRecord record;
    bool good = members.size() == 5;
    for (const json::Member& member : members) {
        const std::string_view raw = member.raw(line);
        const auto text = json::as_string(raw);
        const auto number = json::as_int64(raw);
        if (member.key == "budget" && text) {
            record.budget = *text;
        } else if (member.key == "of" && text) {
            record.of = *text;
        } else if (member.key == "start_unix_us" && number && *number >= 0) {
            record.start_unix = *number;
        } else if (member.key == "charged_nano_usd" && number && *number >= 0) {
            record.charged = *number;
        } else if (member.key == "slots" && json::is_array(raw)) {
            good = good && read_slots(line, member.value, record);
        } else {
            good = false;
        }
    }
    if (!good || record.budget.empty()) return fail(ErrorCode::invalid, "it is no budget's line");
    return record;
}

}  // namespace

std::string budgets_path(const std::string& folder) {
    return folder + "/budgets.jsonl";
}

std::string render_budget_file(const std::vector<BudgetRecord>& records) {
    std::string lines;
    for (const BudgetRecord& record : records) append_record(record, lines);
    return sealed_head(kWhat, kVersion, records.size(), lines) + lines;
}

Result<std::vector<BudgetRecord>> parse_budget_file(std::string_view text) {
    std::vector<BudgetRecord> records;
    std::set<std::pair<std::string, std::string>> names;
    const Result<void> read =
        read_sealed(text, kWhat, kVersion, kMostBudgetLines, [&](std::string_view line) -> Result<void> {
            Result<BudgetRecord> record = parse_record(line);
            if (!record) return tl::unexpected(record.error());
            if (!names.emplace(record->budget, record->of).second) return fail(ErrorCode::invalid, "it is there twice");
            records.push_back(std::move(*record));
            return {};
        });
    if (!read) return tl::unexpected(read.error());
    return records;
}

Result<std::vector<BudgetRecord>> load_budgets(const std::string& file) {
    const Result<std::optional<std::string>> text = read_if_there(file, kMostBudgetFileBytes);
    if (!text) return tl::unexpected(text.error());
    if (!*text) return std::vector<BudgetRecord>();
    Result<std::vector<BudgetRecord>> records = parse_budget_file(**text);
    if (!records) {
        return fail(ErrorCode::invalid,
                    file + " is damaged: " + records.error().message +
                        ". It says what budgets have spent: put a copy of it back, or remove it and have all of them "
                        "begin anew");
    }
    return records;
}

Result<void> save_budgets(const std::string& file, const std::vector<BudgetRecord>& records) {
    const std::string text = render_budget_file(records);
    if (records.size() > kMostBudgetLines || text.size() > kMostBudgetFileBytes) {
        return fail(ErrorCode::too_large, "no more than 50,000 budgets are kept");
    }
    return write_file_durably(file, text);
}

}  // namespace weir::limits
