// Two named databases:
//   entries.1: sequence (8 bytes, big endian) -> key (32 bytes), value
//   keys.1:    key -> sequence (8 bytes, big endian), value's size (4 bytes, little endian)
// Values lie in the order of their arrival: pages are appended full and the oldest ones become free together. Keyed by
// digest they would sit in half-empty pages (docs/decisions.md has the figures).
#include "store/entry_store.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace weir::store {
namespace {

constexpr std::size_t kMaxValueBytes = 16u << 20;
// A value, and what one transaction takes, is at most this part of max_bytes: what a transaction gives up can be used
// by the next but one only, and the quarter that the map is larger has to do until then.
constexpr std::uint64_t kMaxBytesShare = 8;
constexpr std::uint64_t kMinMaxBytes = 64u << 10;
constexpr std::uint64_t kMapSlackBytes = 4u << 20;
constexpr std::size_t kDropsPerTransaction = 4096;
constexpr int kMapFullAttempts = 4;
constexpr std::size_t kKeyBytes = sizeof(Digest256);
constexpr char kEntriesName[] = "entries.1";
constexpr char kKeysName[] = "keys.1";
constexpr char kDataFile[] = "/data.mdb";
constexpr char kCompactedFile[] = "/data.mdb.compact";
constexpr char kLockFile[] = "/entries.lock";

constexpr std::string_view kAdvice = "; it only holds cache entries: delete it";

bool damaged(int rc) {
    return rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH;
}

tl::unexpected<Error> lmdb_error(std::string_view doing, int rc) {
    return fail(ErrorCode::io, std::string(doing) + ": " + mdb_strerror(rc));
}

tl::unexpected<Error> system_error(std::string doing, int number) {
    return fail(ErrorCode::io, std::move(doing) + ": " + std::strerror(number));
}

MDB_val value_of(const void* data, std::size_t size) {
    return {size, const_cast<void*>(data)};
}
MDB_val value_of(const Digest256& key) {
    return value_of(key.data(), key.size());
}

struct Sequence {
    std::uint8_t bytes[8];

    static Sequence of(std::uint64_t number) {
        Sequence sequence{};
        for (std::size_t i = 8; i-- > 0; number >>= 8) sequence.bytes[i] = static_cast<std::uint8_t>(number);
        return sequence;
    }
    std::uint64_t number() const {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : bytes) value = value << 8 | byte;
        return value;
    }
    MDB_val value() const { return value_of(bytes, sizeof bytes); }
};

struct KeyRecord {
    Sequence sequence;
    std::uint8_t value_bytes[4];

    static KeyRecord of(Sequence sequence, std::uint32_t value_bytes) {
        KeyRecord record{sequence, {}};
        for (std::size_t i = 0; i < 4; ++i) record.value_bytes[i] = static_cast<std::uint8_t>(value_bytes >> (8 * i));
        return record;
    }
    std::uint32_t size() const {
        std::uint32_t size = 0;
        for (std::size_t i = 4; i-- > 0;) size = size << 8 | value_bytes[i];
        return size;
    }
};
static_assert(sizeof(KeyRecord) == 12);

class Transaction {
  public:
    Transaction() = default;
    Transaction(const Transaction&) = delete;
    ~Transaction() {
        if (txn_ != nullptr) mdb_txn_abort(txn_);
    }
    int begin(MDB_env* env, unsigned flags) { return mdb_txn_begin(env, nullptr, flags, &txn_); }
    int commit() { return mdb_txn_commit(std::exchange(txn_, nullptr)); }
    operator MDB_txn*() const { return txn_; }

  private:
    MDB_txn* txn_ = nullptr;
};

class Cursor {
  public:
    Cursor() = default;
    Cursor(const Cursor&) = delete;
    ~Cursor() {
        if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    }
    int open(MDB_txn* txn, MDB_dbi dbi) { return mdb_cursor_open(txn, dbi, &cursor_); }
    operator MDB_cursor*() const { return cursor_; }

  private:
    MDB_cursor* cursor_ = nullptr;
};

std::uint64_t file_bytes(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

struct LmdbEntryStore::Impl {
    std::string folder;
    int lock_file = -1;
    MDB_env* env = nullptr;
    MDB_dbi entries = 0;
    MDB_dbi keys = 0;
    std::uint64_t page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::uint64_t max_pages = 0;
    std::uint64_t map_bytes = 0;
    std::atomic<std::uint64_t> used_bytes{0};
    std::mutex write_mutex;       // one writer; also guards map_bytes
    std::shared_mutex map_mutex;  // readers share it; a change of the map's size needs it alone

    ~Impl() {
        close_environment();
        if (lock_file >= 0) ::close(lock_file);  // gives up the flock
    }

    void close_environment() {
        if (env != nullptr) mdb_env_close(std::exchange(env, nullptr));
    }

    Result<void> lock_folder();
    Result<void> open_environment(std::uint64_t limit_bytes);
    int open_databases();
    Result<void> compact();

    // Inside a write transaction. They return LMDB's code.
    std::uint64_t used_pages(MDB_txn* txn) const;
    int put_one(MDB_txn* txn, std::uint64_t sequence, const Put& entry);
    int erase_one(MDB_txn* txn, const Digest256& key);
    int drop_oldest(MDB_txn* txn, std::uint64_t to_pages, std::size_t most);

    // Transactions of their own.
    int put_batch(std::span<const Put> batch);
    int try_put(std::span<const Put> batch);
    int try_erase(std::span<const Digest256> batch);
    int try_drop(std::uint64_t to_pages, bool& done);
    int shrink_to(std::uint64_t to_pages);
    int grow_map();
};

Result<void> LmdbEntryStore::Impl::lock_folder() {
    std::error_code error;
    if (std::filesystem::create_directories(folder, error)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    if (error) return system_error("cannot create " + folder, error.value());
    const std::string path = folder + kLockFile;
    lock_file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_file < 0) return system_error("cannot open " + path, errno);
    if (::flock(lock_file, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK) return system_error("cannot lock " + path, errno);
    return fail(ErrorCode::unavailable, folder + " is in use by another process");
}

Result<void> LmdbEntryStore::Impl::open_environment(std::uint64_t limit_bytes) {
    const std::string data_path = folder + kDataFile;
    const std::uint64_t existing = file_bytes(data_path);
    // Larger data than is allowed is opened whole, with room for the transactions that will drop the oldest of it.
    map_bytes = existing <= limit_bytes ? limit_bytes : existing + kMapSlackBytes;
    map_bytes -= map_bytes % page_bytes;

    int rc = mdb_env_create(&env);
    if (rc == 0) rc = mdb_env_set_maxdbs(env, 2);
    if (rc == 0) rc = mdb_env_set_mapsize(env, map_bytes);
    // NORDAHEAD: entries are read one by one, at random. NOTLS: read transactions belong to calls, not to threads.
    if (rc == 0) rc = mdb_env_open(env, folder.c_str(), MDB_NOMETASYNC | MDB_NORDAHEAD | MDB_NOTLS, 0600);
    if (damaged(rc)) return fail(ErrorCode::invalid, data_path + " is damaged or no LMDB file" + std::string(kAdvice));
    if (rc != 0) return lmdb_error("cannot open " + data_path, rc);

    // The file may end before the last page that LMDB has given out: pages that became free in the transaction that
    // took them are never written. If it was cut short by somebody instead, reading the map past its end would be
    // SIGBUS. Either way zeros are right: nobody reads the first kind, and of the second LMDB says that it is damaged.
    MDB_envinfo info{};
    MDB_stat stat{};
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    page_bytes = stat.ms_psize;
    const std::uint64_t given_out = (info.me_last_pgno + 1) * page_bytes;
    if (existing != 0 && existing < given_out && ::truncate(data_path.c_str(), static_cast<off_t>(given_out)) != 0) {
        return system_error("cannot extend " + data_path, errno);
    }
    rc = open_databases();
    if (rc == MDB_INCOMPATIBLE) {
        return fail(ErrorCode::invalid, data_path + " was written by another version" + std::string(kAdvice));
    }
    if (damaged(rc)) return fail(ErrorCode::invalid, data_path + " is damaged" + std::string(kAdvice));
    if (rc != 0) return lmdb_error("cannot open the databases in " + data_path, rc);
    return {};
}

int LmdbEntryStore::Impl::open_databases() {
    Transaction txn;
    int rc = txn.begin(env, 0);
    if (rc == 0) rc = mdb_dbi_open(txn, kEntriesName, MDB_CREATE, &entries);
    if (rc == 0) rc = mdb_dbi_open(txn, kKeysName, MDB_CREATE, &keys);
    if (rc != 0) return rc;
    MDB_dbi names = 0;
    MDB_stat stat{};
    if ((rc = mdb_dbi_open(txn, nullptr, 0, &names)) != 0) return rc;
    if ((rc = mdb_stat(txn, names, &stat)) != 0) return rc;
    if (stat.ms_entries != 2) return MDB_INCOMPATIBLE;
    used_bytes = used_pages(txn) * page_bytes;
    return txn.commit();
}

// LMDB files never shrink by themselves: writes the live pages into a new file and puts that in the old one's place.
Result<void> LmdbEntryStore::Impl::compact() {
    const std::string path = folder + kDataFile;
    const std::string compacted = folder + kCompactedFile;
    const int file = ::open(compacted.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return system_error("cannot open " + compacted, errno);
    const int rc = mdb_env_copyfd2(env, file, MDB_CP_COMPACT);
    const bool synced = rc == 0 && ::fsync(file) == 0;
    const int number = errno;
    ::close(file);
    close_environment();
    if (rc != 0) return lmdb_error("cannot compact " + path, rc);
    if (!synced) return system_error("cannot compact " + path, number);
    if (::rename(compacted.c_str(), path.c_str()) != 0) return system_error("cannot replace " + path, errno);
    return {};
}

// LMDB keeps these counts itself, so the budget is exact: overflow pages, page fill and keys are all in.
std::uint64_t LmdbEntryStore::Impl::used_pages(MDB_txn* txn) const {
    std::uint64_t pages = 0;
    for (const MDB_dbi dbi : {entries, keys}) {
        MDB_stat stat{};
        mdb_stat(txn, dbi, &stat);
        pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    }
    return pages;
}

int LmdbEntryStore::Impl::erase_one(MDB_txn* txn, const Digest256& key) {
    MDB_val key_value = value_of(key);
    MDB_val found{};
    int rc = mdb_get(txn, keys, &key_value, &found);
    if (rc == MDB_NOTFOUND) return 0;
    if (rc != 0) return rc;
    if (found.mv_size != sizeof(KeyRecord)) return MDB_CORRUPTED;
    KeyRecord record{};
    std::memcpy(&record, found.mv_data, sizeof record);
    MDB_val sequence = record.sequence.value();
    rc = mdb_del(txn, entries, &sequence, nullptr);
    if (rc != 0 && rc != MDB_NOTFOUND) return rc;
    return mdb_del(txn, keys, &key_value, nullptr);
}

int LmdbEntryStore::Impl::put_one(MDB_txn* txn, std::uint64_t number, const Put& entry) {
    if (const int rc = erase_one(txn, entry.key); rc != 0) return rc;
    const Sequence sequence = Sequence::of(number);
    MDB_val sequence_value = sequence.value();
    MDB_val place = value_of(nullptr, kKeyBytes + entry.value.size());
    if (const int rc = mdb_put(txn, entries, &sequence_value, &place, MDB_APPEND | MDB_RESERVE); rc != 0) return rc;
    std::memcpy(place.mv_data, entry.key.data(), kKeyBytes);
    std::memcpy(static_cast<char*>(place.mv_data) + kKeyBytes, entry.value.data(), entry.value.size());
    const KeyRecord record = KeyRecord::of(sequence, static_cast<std::uint32_t>(entry.value.size()));
    MDB_val key_value = value_of(entry.key);
    MDB_val record_value = value_of(&record, sizeof record);
    return mdb_put(txn, keys, &key_value, &record_value, 0);
}

int LmdbEntryStore::Impl::drop_oldest(MDB_txn* txn, std::uint64_t to_pages, std::size_t most) {
    if (used_pages(txn) <= to_pages) return 0;
    Cursor cursor;
    if (const int rc = cursor.open(txn, entries); rc != 0) return rc;
    for (std::size_t dropped = 0; dropped < most && used_pages(txn) > to_pages; ++dropped) {
        MDB_val sequence{};
        MDB_val data{};
        int rc = mdb_cursor_get(cursor, &sequence, &data, MDB_FIRST);
        if (rc == MDB_NOTFOUND) return 0;
        if (rc != 0) return rc;
        if (data.mv_size < kKeyBytes) return MDB_CORRUPTED;
        Digest256 key{};
        std::memcpy(key.data(), data.mv_data, kKeyBytes);
        if ((rc = mdb_cursor_del(cursor, 0)) != 0) return rc;
        MDB_val key_value = value_of(key);
        rc = mdb_del(txn, keys, &key_value, nullptr);
        if (rc != 0 && rc != MDB_NOTFOUND) return rc;
    }
    return 0;
}

int LmdbEntryStore::Impl::try_put(std::span<const Put> batch) {
    Transaction txn;
    if (const int rc = txn.begin(env, 0); rc != 0) return rc;
    std::uint64_t next = 0;
    {
        Cursor cursor;
        MDB_val last{};
        MDB_val data{};
        int rc = cursor.open(txn, entries);
        if (rc == 0) rc = mdb_cursor_get(cursor, &last, &data, MDB_LAST);
        if (rc == 0 && last.mv_size != sizeof(Sequence)) rc = MDB_CORRUPTED;
        if (rc != 0 && rc != MDB_NOTFOUND) return rc;
        if (rc == 0) {
            Sequence sequence{};
            std::memcpy(sequence.bytes, last.mv_data, sizeof sequence.bytes);
            next = sequence.number() + 1;
        }
    }
    for (const Put& entry : batch) {
        if (const int rc = put_one(txn, next++, entry); rc != 0) return rc;
        if (const int rc = drop_oldest(txn, max_pages, SIZE_MAX); rc != 0) return rc;
    }
    const std::uint64_t pages = used_pages(txn);
    if (const int rc = txn.commit(); rc != 0) return rc;
    used_bytes = pages * page_bytes;
    return 0;
}

int LmdbEntryStore::Impl::try_erase(std::span<const Digest256> batch) {
    Transaction txn;
    if (const int rc = txn.begin(env, 0); rc != 0) return rc;
    for (const Digest256& key : batch) {
        if (const int rc = erase_one(txn, key); rc != 0) return rc;
    }
    const std::uint64_t pages = used_pages(txn);
    if (const int rc = txn.commit(); rc != 0) return rc;
    used_bytes = pages * page_bytes;
    return 0;
}

int LmdbEntryStore::Impl::try_drop(std::uint64_t to_pages, bool& done) {
    Transaction txn;
    if (const int rc = txn.begin(env, 0); rc != 0) return rc;
    if (const int rc = drop_oldest(txn, to_pages, kDropsPerTransaction); rc != 0) return rc;
    const std::uint64_t pages = used_pages(txn);
    MDB_stat stat{};
    mdb_stat(txn, entries, &stat);
    if (const int rc = txn.commit(); rc != 0) return rc;
    used_bytes = pages * page_bytes;
    done = pages <= to_pages || stat.ms_entries == 0;
    return 0;
}

int LmdbEntryStore::Impl::shrink_to(std::uint64_t to_pages) {
    for (bool done = false; !done;) {
        int rc = try_drop(to_pages, done);
        // Dropping writes new pages before old ones become free: a full map has to give a little.
        if (rc == MDB_MAP_FULL && (rc = grow_map()) == 0) rc = try_drop(to_pages, done);
        if (rc != 0) return rc;
    }
    return 0;
}

int LmdbEntryStore::Impl::grow_map() {
    const std::unique_lock alone(map_mutex);
    map_bytes += kMapSlackBytes / 4;
    return mdb_env_set_mapsize(env, map_bytes);
}

int LmdbEntryStore::Impl::put_batch(std::span<const Put> batch) {
    for (int attempt = 1;; ++attempt) {
        const int rc = try_put(batch);
        if (rc != MDB_MAP_FULL || attempt == kMapFullAttempts) return rc;
        // Free pages there are, but in the wrong places or freed a moment ago. What a transaction frees serves the next
        // but one, so the room is made in two.
        const std::uint64_t pages = used_bytes / page_bytes;
        const std::uint64_t target = attempt + 1 == kMapFullAttempts ? 0 : pages - pages / 8;
        int shrunk = shrink_to((pages + target) / 2);
        if (shrunk == 0) shrunk = shrink_to(target);
        if (shrunk != 0) return shrunk;
    }
}

LmdbEntryStore::LmdbEntryStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LmdbEntryStore::~LmdbEntryStore() = default;

Result<std::unique_ptr<LmdbEntryStore>> LmdbEntryStore::open(const Options& options) {
    if (options.max_bytes < kMinMaxBytes) {
        return fail(ErrorCode::invalid,
                    "a store of entries needs at least 64 KiB, not " + std::to_string(options.max_bytes));
    }
    auto impl = std::make_unique<Impl>();
    impl->folder = options.folder;
    if (auto locked = impl->lock_folder(); !locked) return tl::unexpected(locked.error());
    ::unlink((impl->folder + kCompactedFile).c_str());

    const std::uint64_t limit_bytes = options.max_bytes + options.max_bytes / 4 + kMapSlackBytes;
    for (bool compacted = false;; compacted = true) {
        if (auto opened = impl->open_environment(limit_bytes); !opened) return tl::unexpected(opened.error());
        impl->max_pages = options.max_bytes / impl->page_bytes;
        if (const int rc = impl->shrink_to(impl->max_pages); rc != 0) return lmdb_error("cannot drop old entries", rc);
        if (compacted || file_bytes(impl->folder + kDataFile) <= limit_bytes) break;
        if (auto smaller = impl->compact(); !smaller) return tl::unexpected(smaller.error());
    }
    return std::unique_ptr<LmdbEntryStore>(new LmdbEntryStore(std::move(impl)));
}

Result<void> LmdbEntryStore::put(std::span<const Put> entries) {
    const std::size_t most =
        std::min<std::size_t>(kMaxValueBytes, impl_->max_pages * impl_->page_bytes / kMaxBytesShare);
    for (const Put& entry : entries) {
        if (entry.value.size() <= most) continue;
        return fail(ErrorCode::too_large, "an entry of " + std::to_string(entry.value.size()) + " bytes; at most " +
                                              std::to_string(most) + " are kept");
    }
    const std::scoped_lock writing(impl_->write_mutex);
    while (!entries.empty()) {
        std::size_t count = 1;
        for (std::size_t bytes = entries[0].value.size(); count < entries.size(); ++count) {
            bytes += entries[count].value.size() + kKeyBytes;
            if (bytes > most) break;
        }
        if (const int rc = impl_->put_batch(entries.first(count)); rc != 0) {
            return lmdb_error("cannot write cache entries", rc);
        }
        entries = entries.subspan(count);
    }
    return {};
}

Result<void> LmdbEntryStore::erase(std::span<const Digest256> keys) {
    if (keys.empty()) return {};
    const std::scoped_lock writing(impl_->write_mutex);
    int rc = impl_->try_erase(keys);
    if (rc == MDB_MAP_FULL && (rc = impl_->grow_map()) == 0) rc = impl_->try_erase(keys);
    if (rc != 0) return lmdb_error("cannot erase cache entries", rc);
    return {};
}

Result<std::optional<std::string>> LmdbEntryStore::get(const Digest256& key) {
    const std::shared_lock reading(impl_->map_mutex);
    Transaction txn;
    if (const int rc = txn.begin(impl_->env, MDB_RDONLY); rc != 0) return lmdb_error("cannot read cache entries", rc);
    MDB_val key_value = value_of(key);
    MDB_val found{};
    int rc = mdb_get(txn, impl_->keys, &key_value, &found);
    if (rc == MDB_NOTFOUND) return std::nullopt;
    if (rc == 0 && found.mv_size != sizeof(KeyRecord)) rc = MDB_CORRUPTED;
    if (rc == 0) {
        MDB_val sequence = value_of(found.mv_data, sizeof(Sequence));
        rc = mdb_get(txn, impl_->entries, &sequence, &found);
    }
    if (rc == 0 && (found.mv_size < kKeyBytes || std::memcmp(found.mv_data, key.data(), kKeyBytes) != 0)) {
        rc = MDB_CORRUPTED;
    }
    if (rc != 0) return lmdb_error("cannot read a cache entry", rc);
    return std::string(static_cast<const char*>(found.mv_data) + kKeyBytes, found.mv_size - kKeyBytes);
}

Result<void> LmdbEntryStore::each_key(const std::function<void(const Digest256&, std::size_t)>& visit) {
    const std::shared_lock reading(impl_->map_mutex);
    Transaction txn;
    Cursor cursor;
    int rc = txn.begin(impl_->env, MDB_RDONLY);
    if (rc == 0) rc = cursor.open(txn, impl_->keys);
    MDB_val key_value{};
    MDB_val found{};
    while (rc == 0 && (rc = mdb_cursor_get(cursor, &key_value, &found, MDB_NEXT)) == 0) {
        if (key_value.mv_size != kKeyBytes || found.mv_size != sizeof(KeyRecord))
            return lmdb_error("cannot list cache entries", MDB_CORRUPTED);
        Digest256 key{};
        KeyRecord record{};
        std::memcpy(key.data(), key_value.mv_data, kKeyBytes);
        std::memcpy(&record, found.mv_data, sizeof record);
        visit(key, record.size());
    }
    if (rc != MDB_NOTFOUND) return lmdb_error("cannot list cache entries", rc);
    return {};
}

Result<void> LmdbEntryStore::newest_first(const std::function<bool(const Digest256&, std::string_view)>& visit) {
    const std::shared_lock reading(impl_->map_mutex);
    Transaction txn;
    Cursor cursor;
    int rc = txn.begin(impl_->env, MDB_RDONLY);
    if (rc == 0) rc = cursor.open(txn, impl_->entries);
    MDB_val sequence{};
    MDB_val data{};
    if (rc == 0) rc = mdb_cursor_get(cursor, &sequence, &data, MDB_LAST);
    for (; rc == 0; rc = mdb_cursor_get(cursor, &sequence, &data, MDB_PREV)) {
        if (data.mv_size < kKeyBytes) return lmdb_error("cannot list cache entries", MDB_CORRUPTED);
        Digest256 key{};
        std::memcpy(key.data(), data.mv_data, kKeyBytes);
        if (!visit(key, {static_cast<const char*>(data.mv_data) + kKeyBytes, data.mv_size - kKeyBytes})) return {};
    }
    if (rc != MDB_NOTFOUND) return lmdb_error("cannot list cache entries", rc);
    return {};
}

std::uint64_t LmdbEntryStore::bytes() const {
    return impl_->used_bytes;
}

}  // namespace weir::store
