// An append-only file of records, for what is learned as traffic goes by: cheap to write, read whole at start-up.
// A record is on its way to disk when append() returns (a crash of the process loses nothing, one of the machine the
// last seconds). A last record cut short is dropped; anything behind damage is dropped too, with a warning. Layout:
// docs/formats.md, "Record logs". Thread rule: one owner; waits for disk: not from a reactor. Limits: a record at most
// 1 MiB; a file over Options::most_bytes is rewritten with its newer half.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::store {

class RecordLog {
  public:
    struct Options {
        std::string file;  // made where absent, for the owner alone
        std::string name;  // of what is in it, at most 16 bytes: a file of another name is refused
        std::uint64_t most_bytes = 32ull << 20;
    };
    // `visit` is called for each record, in order. Errors: invalid (another kind of file), io.
    static Result<std::unique_ptr<RecordLog>> open(const Options& options,
                                                   const std::function<void(std::string_view record)>& visit);
    // The same without changing the file, which somebody else may be writing to. Error not_found: there is none.
    static Result<void> read(const Options& options, const std::function<void(std::string_view record)>& visit);
    ~RecordLog();
    RecordLog(const RecordLog&) = delete;

    Result<void> append(std::string_view record);
    // Puts a new file in the place of this one, at once: `first`, then the records that `keep` says yes to, in order.
    // After an error the old one is there, unchanged.
    Result<void> rewrite(std::string_view first, const std::function<bool(std::string_view record)>& keep);
    std::uint64_t bytes() const { return bytes_; }

  private:
    explicit RecordLog(const Options& options) : options_(options) {}
    Result<void> halve();
    Result<void> replace(std::string_view records);

    const Options options_;
    int file_ = -1;
    std::uint64_t bytes_ = 0;
};

}  // namespace weir::store
