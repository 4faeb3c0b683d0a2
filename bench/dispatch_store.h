// The coordinator's store without the coordinator: whether what it acknowledged is there, and how
// fast the same records are committed by nobody else.
#ifndef RNNFARM_BENCH_DISPATCH_STORE_H_
#define RNNFARM_BENCH_DISPATCH_STORE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/store/store.h"

namespace rnnfarm::bench {

// What one completion changes: the job that ended with its network, the next job that was leased,
// and the last line of the log of each. Of a store that no coordinator holds; at most `count`.
// DATA_LOSS naming a job of `accepted` that has not succeeded there.
absl::StatusOr<std::vector<store::Batch>> CheckedCompletions(
    const std::string& folder, const std::vector<std::string>& accepted, size_t count);

// Batches a second, `gathered` of them in one synced commit, in a new store in `folder`.
absl::StatusOr<double> RawBatchesPerSecond(const std::string& folder,
                                           const std::vector<store::Batch>& batches, int gathered,
                                           absl::Duration window);

// Of the file system that holds the folder, such as "ext4".
std::string FileSystemOf(const std::string& folder);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_DISPATCH_STORE_H_
