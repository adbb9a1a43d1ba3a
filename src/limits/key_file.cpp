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
    const Result<void> read =
        read_sealed(text, kWhat, kVersion, kMostKeysKept, [&](std::string_view line) -> Result<void> {
            Result<KeyRecord> record = parse_record(line);
            if (!record) return tl::unexpected(record.error());
            if (!digests.insert(record->digest).second || !ids.insert(record->id).second) {
                return fail(ErrorCode::invalid, "it stands there twice");
            }
            records.push_back(std::move(*record));
            return {};
        });
    if (!read) return tl::unexpected(read.error());
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
