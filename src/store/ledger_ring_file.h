// The file in which the lanes' rings lie, so that a killed process loses no row that a reactor has handed over: what it
// left is taken out at the next start. docs/formats.md, "ledger", describes it. Power and kernel are not survived: the
// file is never flushed, and nothing is taken from before the machine's last start.
// Thread rule: start-up; the memory is then the rings' own.
// Limits: the sizes of the rings. Disk space is reserved at once, so that writing to it can't fail later.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/ledger_ring.h"

namespace weir::store {

std::string ledger_ring_path(const std::string& folder);

// What an earlier process left in the folder's file: batches, at most one a lane. Nothing where there is no file, or
// none of this version and of this start of the machine. What can't be taken out is told in the log.
std::vector<std::string> salvage_rings(const std::string& folder);

class RingFile {
  public:
    // A new file with empty rings, in the place of an old one. Where the folder can't have one the memory is the
    // process's own (logged as a warning).
    RingFile(const std::string& folder, std::size_t lanes, std::size_t bytes_each);
    ~RingFile();
    RingFile(const RingFile&) = delete;
    RingFile& operator=(const RingFile&) = delete;

    RingMarks& marks(std::size_t lane) const;
    char* bytes(std::size_t lane) const;

  private:
    char* memory_ = nullptr;
    std::size_t size_ = 0;
    std::size_t bytes_each_ = 0;
};

}  // namespace weir::store
