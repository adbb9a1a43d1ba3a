#include "store/ledger_ring.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <ctime>

#include "store/ledger_batch.h"

namespace weir::store {
namespace {

constexpr std::size_t kUsualRowBytes = 256;
constexpr std::size_t kSmallestRing = 64 * kMaxPackedRowBytes;
constexpr std::size_t kLengthBytes = 2;
// In the place of a length: the rest of the ring's bytes is skipped. (So are fewer bytes than a length takes.)
constexpr std::uint16_t kSkip = 0xFFFF;

std::uint16_t length_at(const char* bytes) {
    std::uint16_t length = 0;
    std::memcpy(&length, bytes, sizeof length);  // x86-64 and arm64: little endian
    return length;
}

// Where the record at `at` begins, once skipped bytes are skipped.
std::uint64_t skip_rest(std::uint64_t at, const char* bytes, std::size_t size) {
    const std::size_t left = size - at % size;
    if (left < kLengthBytes || length_at(bytes + at % size) == kSkip) return at + left;
    return at;
}

}  // namespace

std::size_t ring_bytes(std::size_t rows) {
    return std::max(std::bit_ceil(std::max<std::size_t>(rows, 2)) * kUsualRowBytes, kSmallestRing);
}

LedgerRing::LedgerRing(RingMarks& marks, char* bytes, std::size_t size, std::size_t rows)
    : marks_(marks), bytes_(bytes), size_(size), max_rows_(std::bit_ceil(std::max<std::size_t>(rows, 2))) {
    marks_.head = 0;
    marks_.tail = 0;
}

bool LedgerRing::push(const LedgerRow& row) {
    if (depth() >= max_rows_) return false;
    std::array<char, kMaxPackedRowBytes> packed;
    const std::size_t bytes = pack_row(row, packed.data());
    const std::uint64_t head = marks_.head.load(std::memory_order_relaxed);
    const std::size_t left = size_ - head % size_;
    const std::size_t skipped = left < bytes ? left : 0;
    if (head + skipped + bytes - tail_seen_ > size_) {
        tail_seen_ = marks_.tail.load(std::memory_order_acquire);
        if (head + skipped + bytes - tail_seen_ > size_) return false;
    }
    if (skipped >= kLengthBytes) std::memcpy(bytes_ + head % size_, &kSkip, sizeof kSkip);
    std::memcpy(bytes_ + (head + skipped) % size_, packed.data(), bytes);
    pushed_.store(pushed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    marks_.head.store(head + skipped + bytes, std::memory_order_seq_cst);  // ordered before the look at the bell
    return true;
}

std::uint64_t LedgerRing::copy_to(std::uint64_t head, std::string& batch) const {
    std::uint64_t rows = 0;
    for (std::uint64_t at = tail(); at != head;) {
        at = skip_rest(at, bytes_, size_);
        if (at == head) break;
        const std::size_t bytes = kLengthBytes + length_at(bytes_ + at % size_);
        append_packed({bytes_ + at % size_, bytes}, batch);
        at += bytes;
        ++rows;
    }
    return rows;
}

void LedgerRing::release(std::uint64_t head, std::uint64_t rows) {
    marks_.tail.store(head, std::memory_order_release);
    released_.store(released_.load(std::memory_order_relaxed) + rows, std::memory_order_relaxed);
}

Salvaged salvage_ring(const RingMarks& marks, const char* bytes, std::size_t size, std::string& batch) {
    const std::uint64_t head = marks.head;
    std::uint64_t at = marks.tail;
    if (at > head || head - at > size) return {0, size};
    Salvaged salvaged;
    LedgerRow row;
    std::vector<PackedRow> read;
    while (at != head) {
        at = skip_rest(at, bytes, size);
        if (at >= head) break;
        const std::size_t length = length_at(bytes + at % size);
        const std::size_t whole = kLengthBytes + length;
        if (whole > size - at % size || whole > head - at) break;
        std::string one;
        append_packed({bytes + at % size, whole}, one);
        read.clear();
        if (!split_batch(one, read) || !unpack_row(read.front(), row)) break;
        append_packed({bytes + at % size, whole}, batch);
        at += whole;
        ++salvaged.rows;
    }
    salvaged.lost_bytes = at < head ? head - at : 0;
    return salvaged;
}

void Doorbell::ring() {
    if (state_.exchange(State::awake, std::memory_order_seq_cst) == State::awake) return;
    syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void Doorbell::sleep(State state, std::optional<Micros> timeout) {
    timespec relative{};
    if (timeout) {
        constexpr Micros kMicrosPerSecond = 1'000'000;
        relative.tv_sec = static_cast<std::time_t>(*timeout / kMicrosPerSecond);
        relative.tv_nsec = static_cast<long>(*timeout % kMicrosPerSecond * 1000);
    }
    syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, static_cast<std::uint32_t>(state), timeout ? &relative : nullptr,
            nullptr, 0);
}

}  // namespace weir::store
