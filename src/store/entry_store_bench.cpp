// Why the store of entries is laid out and flushed as it is: bytes an entry by digest and by sequence, and what a
// transaction takes under LMDB's ways to flush. On LMDB itself, then the store as it is.
#include "store/entry_store.h"

#include <lmdb.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

using namespace weir;

namespace {

constexpr std::uint32_t kEntries = 10'000;
constexpr std::uint32_t kBatch = 256;

double wall_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void must(int rc) {
    if (rc == 0) return;
    std::printf("%s\n", mdb_strerror(rc));
    std::exit(1);
}

class Environment {
  public:
    Environment(const std::string& folder, unsigned flags) {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directory(folder);
        must(mdb_env_create(&env_));
        must(mdb_env_set_maxdbs(env_, 2));
        must(mdb_env_set_mapsize(env_, 1u << 30));
        must(mdb_env_open(env_, folder.c_str(), flags, 0600));
        MDB_txn* txn = begin();
        must(mdb_dbi_open(txn, "values", MDB_CREATE, &values));
        must(mdb_dbi_open(txn, "others", MDB_CREATE, &others));
        must(mdb_txn_commit(txn));
    }
    ~Environment() { mdb_env_close(env_); }
    Environment(const Environment&) = delete;

    MDB_txn* begin() {
        MDB_txn* txn = nullptr;
        must(mdb_txn_begin(env_, nullptr, 0, &txn));
        return txn;
    }
    double bytes(MDB_txn* txn) const {
        double pages = 0;
        for (const MDB_dbi dbi : {values, others}) {
            MDB_stat stat{};
            must(mdb_stat(txn, dbi, &stat));
            pages += static_cast<double>(stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages);
        }
        return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
    }

    MDB_dbi values = 0;
    MDB_dbi others = 0;

  private:
    MDB_env* env_ = nullptr;
};

double bytes_an_entry(const std::string& folder, std::size_t value_bytes, bool by_sequence) {
    Environment lmdb(folder, MDB_NOSYNC);
    std::vector<char> value(value_bytes + 32, 'x');
    double bytes = 0;
    for (std::uint32_t first = 0; first < kEntries; first += kBatch) {
        MDB_txn* txn = lmdb.begin();
        for (std::uint32_t i = first; i < std::min(first + kBatch, kEntries); ++i) {
            Digest256 key = sha256(std::to_string(i));
            std::uint32_t sequence[3] = {0, __builtin_bswap32(i), 0};
            MDB_val key_value{key.size(), key.data()};
            MDB_val sequence_value{8, sequence};
            MDB_val record_value{12, sequence};
            MDB_val data{by_sequence ? value_bytes + 32 : value_bytes + 8, value.data()};
            if (by_sequence) {
                must(mdb_put(txn, lmdb.values, &sequence_value, &data, MDB_APPEND));
                must(mdb_put(txn, lmdb.others, &key_value, &record_value, 0));
            } else {
                must(mdb_put(txn, lmdb.values, &key_value, &data, 0));
                must(mdb_put(txn, lmdb.others, &sequence_value, &key_value, MDB_APPEND));
            }
        }
        bytes = lmdb.bytes(txn);
        must(mdb_txn_commit(txn));
    }
    return bytes / kEntries;
}

double milliseconds_a_batch(const std::string& folder, unsigned flags) {
    constexpr std::uint32_t kBatches = 50;
    Environment lmdb(folder, flags);
    std::vector<char> value(1100, 'x');
    const double start = wall_seconds();
    for (std::uint32_t batch = 0; batch < kBatches; ++batch) {
        MDB_txn* txn = lmdb.begin();
        for (std::uint32_t i = 0; i < 64; ++i) {
            std::uint32_t sequence = __builtin_bswap32(batch * 64 + i);
            MDB_val key{sizeof sequence, &sequence};
            MDB_val data{value.size(), value.data()};
            must(mdb_put(txn, lmdb.values, &key, &data, MDB_APPEND));
        }
        must(mdb_txn_commit(txn));
    }
    return (wall_seconds() - start) * 1000 / kBatches;
}

void bench_store(const std::string& folder) {
    std::filesystem::remove_all(folder);
    auto entries = store::LmdbEntryStore::open({folder, 256u << 20}).value();
    const double start = wall_seconds();
    for (std::uint32_t first = 0; first < kEntries; first += kBatch) {
        std::vector<store::EntryStore::Put> batch;
        for (std::uint32_t i = first; i < std::min(first + kBatch, kEntries); ++i) {
            batch.push_back({sha256(std::to_string(i)), std::string(1100, 'x')});
        }
        if (!entries->put(batch)) std::exit(1);
    }
    std::printf("the store, values of 1100 bytes in batches of %u: %.1f us an entry, %.0f bytes\n", kBatch,
                (wall_seconds() - start) * 1e6 / kEntries, static_cast<double>(entries->bytes()) / kEntries);
}

}  // namespace

int main() {
    std::string folder = (std::filesystem::temp_directory_path() / "weir-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return 1;
    const std::string inner = folder + "/lmdb";
    std::printf("bytes an entry in the file, value / by digest / by sequence\n");
    for (const std::size_t bytes : {300u, 1100u, 1900u, 3000u, 8000u}) {
        std::printf("  %5zu %8.0f %8.0f\n", bytes, bytes_an_entry(inner, bytes, false),
                    bytes_an_entry(inner, bytes, true));
    }
    std::printf("a transaction of 64 values of 1100 bytes, wall time\n");
    std::printf("  default        %8.2f ms\n", milliseconds_a_batch(inner, 0));
    std::printf("  MDB_NOMETASYNC %8.2f ms\n", milliseconds_a_batch(inner, MDB_NOMETASYNC));
    std::printf("  MDB_NOSYNC     %8.2f ms\n", milliseconds_a_batch(inner, MDB_NOSYNC));
    bench_store(inner);
    std::filesystem::remove_all(folder);
    return 0;
}
