#include "client/computing/torch_file.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickler.h>
#include <torch/torch.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/thrown.h"
#include "worker/rnn/network_file.h"

namespace rnnfarm::client {
namespace {

using Dictionary = c10::impl::GenericDict;

Dictionary NewDictionary() { return Dictionary(c10::StringType::get(), c10::AnyType::get()); }

torch::Tensor TensorOf(const base::Array& array) {
  const bool wide = array.dtype == "<f8";
  torch::Tensor tensor = torch::empty(array.shape, wide ? torch::kFloat64 : torch::kFloat32);
  std::copy(array.data.begin(), array.data.end(), static_cast<char*>(tensor.data_ptr()));
  return tensor;
}

// The network's arrays and scalars in the order that torch_file.h names.
absl::StatusOr<Dictionary> DictionaryOf(absl::string_view npz, absl::string_view source) {
  const absl::StatusOr<rnn::NetworkFile> network = rnn::DecodeNetwork(npz, source);
  if (!network.ok()) return network.status();
  const absl::StatusOr<base::Archive> archive = base::Archive::Decode(npz, source);
  if (!archive.ok()) return archive.status();
  absl::Status status;
  const auto add = [&](Dictionary& to, const char* name, const char* array_name) {
    const absl::StatusOr<const base::Array*> array = archive->Find(array_name);
    status.Update(array.status());
    if (array.ok()) to.insert(name, TensorOf(**array));
  };
  Dictionary cell = NewDictionary(), readout = NewDictionary(), all = NewDictionary();
  for (const char* name : {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}) {
    add(cell, name, name);
  }
  add(readout, "weight", "readout.weight");
  add(readout, "bias", "readout.bias");
  const rnn::CellSpec& spec = network->spec;
  all.insert(rnn::EqualsPyTorch(spec) ? "state_dict" : "weights", cell);
  all.insert("readout", readout);
  add(all, "initial_state", "initial_state");
  add(all, "loss_curve", "loss_curve");
  all.insert("architecture", std::string(rnn::Name(spec.architecture)));
  all.insert("activation", std::string(rnn::Name(spec.activation)));
  all.insert("units", int64_t{spec.units});
  // As tensors: weights_only of PyTorch 1.13 takes no plain floating-point numbers.
  for (const char* name : {"gate_bias", "alpha", "noise"}) add(all, name, name);
  const absl::StatusOr<const base::Array*> meta = archive->Find("meta");
  if (meta.ok()) all.insert("meta", (*meta)->ToText().value_or(""));
  if (!status.ok()) return status;
  return all;
}

// As torch.save lays it out. torch::pickle_save would tag the dictionary with its type, which
// torch.load(weights_only=True) refuses.
std::string Saved(const Dictionary& dictionary) {
  std::string pickled;
  torch::jit::Pickler pickler(
      [&pickled](const char* data, size_t size) { pickled.append(data, size); }, nullptr, nullptr,
      nullptr, nullptr, /*tag_aggregates=*/false);
  pickler.protocol();
  pickler.pushIValue(dictionary);
  pickler.stop();
  std::string file;
  caffe2::serialize::PyTorchStreamWriter writer([&file](const void* data, size_t size) {
    file.append(static_cast<const char*>(data), size);
    return size;
  });
  writer.writeRecord("data.pkl", pickled.data(), pickled.size());
  const std::vector<torch::Tensor>& tensors = pickler.tensorData();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto data = torch::jit::getWriteableTensorData(tensors[i]);
    writer.writeRecord(absl::StrCat("data/", i), data.data(), data.sizeInBytes());
  }
  writer.writeEndOfFile();
  return file;
}

}  // namespace

absl::StatusOr<std::string> TorchFileOf(absl::string_view npz, absl::string_view source) {
  const absl::StatusOr<Dictionary> dictionary = DictionaryOf(npz, source);
  if (!dictionary.ok()) return dictionary.status();
  try {
    return Saved(*dictionary);
  } catch (const std::exception& error) {
    return base::StatusOfThrown(absl::StrCat(source, " cannot be saved for PyTorch"), error);
  }
}

}  // namespace rnnfarm::client
