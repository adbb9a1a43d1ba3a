#include "limits/key_file.h"

#include <set>

#include "base/files.h"
#include "limits/sealed_file.h"

namespace weir::limits {
namespace {

constexpr std::string_view kWhat = "keys";
constexpr std::int64_t kVersion = 1;

}  // namespace

std::string render_key_file(const std::vector<KeyRecord>& records) {
    std::string lines;
    for (const KeyRecord& record : records) lines += render_record(record) + "\n";
    return sealed_head(kWhat, kVersion, records.size(), lines) + lines;
}

Result<std::vector<KeyRecord>> parse_key_file(std::string_view text) {
    std::vector<KeyRecord> records;
    std::set<Digest256> digests;
    std::set<std::string> ids;
    const std::size_t head_end = text.find('\n');
    if (head_end == std::string_view::npos) return fail(ErrorCode::invalid, "it has no line");
    const std::string_view lines = text.substr(head_end + 1);
    for (std::string_view left = lines; !left.empty();) {
        const std::size_t end = left.find('\n');
        const std::string at = "line " + std::to_string(records.size() + 2) + ": ";
        if (end == std::string_view::npos) return fail(ErrorCode::invalid, at + "it is cut short");
        Result<KeyRecord> record = parse_record(left.substr(0, end));
        if (!record) return fail(ErrorCode::invalid, at + record.error().message);
        if (!digests.insert(record->digest).second || !ids.insert(record->id).second) {
            return fail(ErrorCode::invalid, at + "it stands there twice");
        }
        records.push_back(std::move(*record));
        if (records.size() > kMostKeysKept) return fail(ErrorCode::invalid, "it has more than 20,000 keys");
        left.remove_prefix(end + 1);
    }
    const std::string problem = sealed_head_problem(text.substr(0, head_end), kWhat, kVersion, records.size(), lines);
    if (!problem.empty()) return fail(ErrorCode::invalid, problem);
    return records;
}

Result<std::vector<KeyRecord>> load_keys(const std::string& file) {
    const Result<std::optional<std::string>> text = read_if_there(file, kMostKeyFileBytes);
    if (!text) return tl::unexpected(text.error());
    if (!*text) return std::vector<KeyRecord>();
    Result<std::vector<KeyRecord>> records = parse_key_file(**text);
    if (!records) {
        return fail(ErrorCode::invalid,
                    file + " is damaged: " + records.error().message +
                        ". It says which keys are good, so nobody is served without it: put a copy of it back, or "
                        "remove it and make all keys anew");
    }
    return records;
}

Result<void> save_keys(const std::string& file, const std::vector<KeyRecord>& records) {
    const std::string text = render_key_file(records);
    if (records.size() > kMostKeysKept || text.size() > kMostKeyFileBytes) {
        return fail(ErrorCode::too_large, "no more than 20,000 keys of 64 MiB in all are kept");
    }
    return write_file_durably(file, text);
}

}  // namespace weir::limits
