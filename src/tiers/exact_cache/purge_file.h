// The purge list's file: its bytes and its way to disk. docs/formats.md, "Purges", describes the layout.
// Thread rule: the codec is pure; a PurgeFile belongs to one thread at a time and waits for the disk.
// Limits: a file of 256 MiB.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tiers/exact_cache/purges.h"

namespace weir::tiers {

struct PurgeList {
    std::vector<PurgeLine> lines;         // as they were added
    Micros everything_until = INT64_MIN;  // entries created up to then are void; INT64_MIN: none
};

std::string encode_purges(const PurgeList& list);
void append_purge(const PurgeLine& line, std::string& out);

struct ReadPurges {
    PurgeList list;
    std::size_t good_bytes = 0;  // up to the end of the last line that can be read
    bool damaged = false;        // there is more that can't be read than a last line cut short
};
// Error invalid: not a purge list, or one of another version. A file that ends within its first bytes is an empty one.
Result<ReadPurges> decode_purges(std::string_view bytes);

class PurgeFile {
  public:
    explicit PurgeFile(std::string path) : path_(std::move(path)) {}
    ~PurgeFile();
    PurgeFile(const PurgeFile&) = delete;

    Result<std::string> read();                      // empty where there is no file. Error io
    Result<void> append(std::string_view bytes);     // flushed; after an error the end of the file is undefined
    Result<void> replace(std::string_view content);  // flushed; all or nothing. The first change has to be this one

  private:
    tl::unexpected<Error> error(const char* doing) const;

    const std::string path_;
    int file_ = -1;
    std::uint64_t bytes_ = 0;
};

}  // namespace weir::tiers
