# How the sources are compiled in which the time goes.

# The level of optimisation of such sources, whatever the build type's is. Under sanitizers it is the
# build type's own: with their checks in them no loop becomes vector code, and -O3 takes a quarter
# of an hour a file over finding that out.
set(RNNFARM_OPTIMISED -O3)
if(RNNFARM_SANITIZE)
  set(RNNFARM_OPTIMISED "")
endif()

# rnnfarm_vector_sources(a.cc …): compiles the directory's sources so that their plain loops become
# vector code (base/vector_unit.h). Neither option changes a result: nothing here reads errno or the
# flags of floating-point exceptions.
function(rnnfarm_vector_sources)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS
                              "${RNNFARM_OPTIMISED};-fno-math-errno;-fno-trapping-math")
endfunction()

# rnnfarm_kernels(LIST stem): LIST becomes the directory's sources stem_portable.cc, stem_avx2.cc and
# stem_avx512.cc, one an instruction set, as far as this processor's family has it; which of them
# runs is decided when the program does.
function(rnnfarm_kernels list stem)
  set(sources ${stem}_portable.cc)
  set_source_files_properties(${stem}_portable.cc PROPERTIES COMPILE_OPTIONS "${RNNFARM_OPTIMISED}")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND sources ${stem}_avx2.cc ${stem}_avx512.cc)
    set_source_files_properties(${stem}_avx2.cc PROPERTIES COMPILE_OPTIONS
                                "${RNNFARM_OPTIMISED};-mavx2;-mfma")
    set_source_files_properties(${stem}_avx512.cc PROPERTIES COMPILE_OPTIONS
                                "${RNNFARM_OPTIMISED};-mavx2;-mfma;-mavx512f")
  endif()
  set(${list} ${sources} PARENT_SCOPE)
endfunction()
