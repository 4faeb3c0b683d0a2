#include "tests/coordinator/store/forgetful_file_system.h"

#include <algorithm>
#include <cstring>

namespace rnnfarm::store {
namespace {

using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus Absent(const std::string& path) { return IOStatus::PathNotFound(path); }

std::string ParentOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Without "//" and a slash at the end, which RocksDB may write.
std::string Clean(const std::string& path) {
  std::string clean;
  for (const char c : path) {
    if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
  }
  if (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

}  // namespace

// One open file, for reading or for writing.
class ForgetfulFileSystem::File : public rocksdb::FSWritableFile,
                                  public rocksdb::FSRandomAccessFile,
                                  public rocksdb::FSSequentialFile {
 public:
  File(ForgetfulFileSystem& disk, std::shared_ptr<Node> node)
      : disk_(disk), node_(std::move(node)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, Debug*) override {
    std::lock_guard lock(disk_.mutex_);
    if (auto begun = disk_.Begin(); !begun.ok()) return begun;
    node_->data.append(data.data(), data.size());
    return IOStatus::OK();
  }
  IOStatus Sync(const IOOptions&, Debug*) override {
    std::lock_guard lock(disk_.mutex_);
    if (auto begun = disk_.Begin(); !begun.ok()) return begun;
    node_->synced = node_->data.size();
    return IOStatus::OK();
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, Debug*) override {
    std::lock_guard lock(disk_.mutex_);
    return size == node_->data.size() ? IOStatus::OK() : IOStatus::NotSupported("truncate");
  }
  IOStatus Close(const IOOptions&, Debug*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, Debug*) override { return IOStatus::OK(); }
  uint64_t GetFileSize(const IOOptions&, Debug*) override {
    std::lock_guard lock(disk_.mutex_);
    return node_->data.size();
  }

  IOStatus Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
                Debug*) const override {
    std::lock_guard lock(disk_.mutex_);
    if (auto begun = disk_.BeginRead(); !begun.ok()) return begun;
    const uint64_t size = node_->data.size();
    const uint64_t there = offset < size ? std::min<uint64_t>(n, size - offset) : 0;
    if (there > 0) std::memcpy(scratch, node_->data.data() + offset, there);
    *result = Slice(scratch, there);
    return IOStatus::OK();
  }
  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                Debug* debug) override {
    IOStatus status = Read(position_, n, options, result, scratch, debug);
    if (status.ok()) position_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t n) override {
    position_ += n;
    return IOStatus::OK();
  }
  bool use_direct_io() const override { return false; }
  size_t GetRequiredBufferAlignment() const override { return 4096; }
  IOStatus InvalidateCache(size_t, size_t) override { return IOStatus::OK(); }
  size_t GetUniqueId(char*, size_t) const override { return 0; }

 private:
  ForgetfulFileSystem& disk_;
  const std::shared_ptr<Node> node_;
  uint64_t position_ = 0;
};

// Syncing a folder makes its names durable as they are, not the bytes behind them.
class ForgetfulFileSystem::Folder : public rocksdb::FSDirectory {
 public:
  Folder(ForgetfulFileSystem& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, Debug*) override {
    std::lock_guard lock(disk_.mutex_);
    if (auto begun = disk_.Begin(); !begun.ok()) return begun;
    std::erase_if(disk_.durable_, [&](const auto& name) { return ParentOf(name.first) == path_; });
    for (const auto& [path, node] : disk_.live_) {
      if (ParentOf(path) == path_) disk_.durable_[path] = node;
    }
    return IOStatus::OK();
  }

 private:
  ForgetfulFileSystem& disk_;
  const std::string path_;
};

void ForgetfulFileSystem::AddFolder(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto node = std::make_shared<Node>();
  node->folder = true;
  live_[Clean(path)] = durable_[Clean(path)] = node;
}

int64_t ForgetfulFileSystem::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

int64_t ForgetfulFileSystem::reads() const {
  std::lock_guard lock(mutex_);
  return reads_;
}

IOStatus ForgetfulFileSystem::Begin() {
  if (record_) {
    images_.emplace_back();
    for (const Keep keep : kKeeps) images_.back()[keep] = Take(keep);
  }
  const int64_t number = operations_++;
  const bool fails =
      !fault_.of_reads && number >= fault_.first && number - fault_.first < fault_.count;
  return fails ? fault_.error : IOStatus::OK();
}

IOStatus ForgetfulFileSystem::BeginRead() {
  const int64_t number = reads_++;
  const bool fails =
      fault_.of_reads && number >= fault_.first && number - fault_.first < fault_.count;
  return fails ? fault_.error : IOStatus::OK();
}

ForgetfulFileSystem::Image ForgetfulFileSystem::Take(Keep keep) const {
  Image image;
  for (const auto& [path, node] : keep == Keep::kNames || keep == Keep::kAll ? live_ : durable_) {
    const uint64_t unsynced = node->data.size() - node->synced;
    const uint64_t kept = keep == Keep::kAll ? unsynced : keep == Keep::kHalf ? unsynced / 2 : 0;
    // A name in a folder that is gone is gone with it; folders come before what is in them.
    const std::string parent = ParentOf(path);
    if (live_.contains(parent) && !image.contains(parent)) continue;
    image[path] = {node, node->synced + kept};
  }
  return image;
}

ForgetfulFileSystem::Image ForgetfulFileSystem::At(int64_t operation, Keep keep) const {
  std::lock_guard lock(mutex_);
  return operation < images_.size() ? images_[operation].at(keep) : Take(keep);
}

ForgetfulFileSystem::Image ForgetfulFileSystem::Now(Keep keep) const {
  std::lock_guard lock(mutex_);
  return Take(keep);
}

void ForgetfulFileSystem::Restart(const Image& image) {
  std::lock_guard lock(mutex_);
  live_.clear();
  for (const auto& [path, stored] : image) {
    auto node = std::make_shared<Node>();
    node->folder = stored.node->folder;
    node->data = stored.node->data.substr(0, stored.bytes);
    node->synced = stored.bytes;
    live_[path] = node;
  }
  durable_ = live_;
  fault_ = {};
  record_ = false;
  operations_ = reads_ = 0;
}

void ForgetfulFileSystem::Inject(const Fault& fault) {
  std::lock_guard lock(mutex_);
  fault_ = fault;
}

void ForgetfulFileSystem::SetFreeBytes(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  free_bytes_ = bytes;
}

IOStatus ForgetfulFileSystem::Find(const std::string& path, std::shared_ptr<Node>* node) {
  const auto found = live_.find(Clean(path));
  if (found == live_.end()) return Absent(path);
  *node = found->second;
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::NewSequentialFile(const std::string& path, const FileOptions&,
                                                std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                                Debug*) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node;
  auto found = Find(path, &node);
  if (found.ok()) *file = std::make_unique<File>(*this, node);
  return found;
}

IOStatus ForgetfulFileSystem::NewRandomAccessFile(
    const std::string& path, const FileOptions&, std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
    Debug*) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node;
  auto found = Find(path, &node);
  if (found.ok()) *file = std::make_unique<File>(*this, node);
  return found;
}

// What was under the name is cut to nothing, and may be so at once.
IOStatus ForgetfulFileSystem::NewWritableFile(const std::string& path, const FileOptions&,
                                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                                              Debug*) {
  std::lock_guard lock(mutex_);
  if (auto begun = Begin(); !begun.ok()) return begun;
  auto node = std::make_shared<Node>();
  const std::string clean = Clean(path);
  if (!live_.contains(ParentOf(clean))) return Absent(path);
  live_[clean] = node;
  if (durable_.contains(clean)) durable_[clean] = node;
  *file = std::make_unique<File>(*this, node);
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::NewDirectory(const std::string& path, const IOOptions&,
                                           std::unique_ptr<rocksdb::FSDirectory>* folder, Debug*) {
  std::lock_guard lock(mutex_);
  if (!live_.contains(Clean(path))) return Absent(path);
  *folder = std::make_unique<Folder>(*this, Clean(path));
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::FileExists(const std::string& path, const IOOptions&, Debug*) {
  std::lock_guard lock(mutex_);
  return live_.contains(Clean(path)) ? IOStatus::OK() : IOStatus::NotFound(path);
}

IOStatus ForgetfulFileSystem::GetChildren(const std::string& path, const IOOptions&,
                                          std::vector<std::string>* names, Debug*) {
  std::lock_guard lock(mutex_);
  const std::string clean = Clean(path);
  if (!live_.contains(clean)) return IOStatus::NotFound(path);
  names->clear();
  for (const auto& [name, node] : live_) {
    if (ParentOf(name) == clean) names->push_back(name.substr(clean.size() + 1));
  }
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::DeleteFile(const std::string& path, const IOOptions&, Debug*) {
  std::lock_guard lock(mutex_);
  if (auto begun = Begin(); !begun.ok()) return begun;
  return live_.erase(Clean(path)) == 1 ? IOStatus::OK() : Absent(path);
}

IOStatus ForgetfulFileSystem::CreateDir(const std::string& path, const IOOptions&, Debug*) {
  std::lock_guard lock(mutex_);
  if (auto begun = Begin(); !begun.ok()) return begun;
  auto node = std::make_shared<Node>();
  node->folder = true;
  return live_.emplace(Clean(path), node).second ? IOStatus::OK() : IOStatus::IOError("exists");
}

IOStatus ForgetfulFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions& options,
                                                 Debug* debug) {
  if (FileExists(path, options, debug).ok()) return IOStatus::OK();
  return CreateDir(path, options, debug);
}

IOStatus ForgetfulFileSystem::DeleteDir(const std::string& path, const IOOptions& options,
                                        Debug* debug) {
  return DeleteFile(path, options, debug);
}

IOStatus ForgetfulFileSystem::GetFileSize(const std::string& path, const IOOptions&, uint64_t* size,
                                          Debug*) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node;
  auto found = Find(path, &node);
  if (found.ok()) *size = node->data.size();
  return found;
}

IOStatus ForgetfulFileSystem::GetFileModificationTime(const std::string&, const IOOptions&,
                                                      uint64_t* time, Debug*) {
  *time = 0;
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::RenameFile(const std::string& from, const std::string& to,
                                         const IOOptions&, Debug*) {
  std::lock_guard lock(mutex_);
  if (auto begun = Begin(); !begun.ok()) return begun;
  auto node = live_.extract(Clean(from));
  if (node.empty()) return Absent(from);
  live_[Clean(to)] = node.mapped();
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::LockFile(const std::string&, const IOOptions&,
                                       rocksdb::FileLock** lock, Debug*) {
  *lock = new rocksdb::FileLock;
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, Debug*) {
  delete lock;
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::GetTestDirectory(const IOOptions&, std::string*, Debug*) {
  return IOStatus::NotSupported("test directory");
}

IOStatus ForgetfulFileSystem::GetAbsolutePath(const std::string& path, const IOOptions&,
                                              std::string* absolute, Debug*) {
  *absolute = path;
  return IOStatus::OK();
}

IOStatus ForgetfulFileSystem::IsDirectory(const std::string& path, const IOOptions&, bool* folder,
                                          Debug*) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node;
  auto found = Find(path, &node);
  if (found.ok()) *folder = node->folder;
  return found;
}

IOStatus ForgetfulFileSystem::GetFreeSpace(const std::string&, const IOOptions&, uint64_t* bytes,
                                           Debug*) {
  std::lock_guard lock(mutex_);
  *bytes = free_bytes_;
  return IOStatus::OK();
}

}  // namespace rnnfarm::store
