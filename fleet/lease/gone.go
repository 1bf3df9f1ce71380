package lease

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// gone reports whether the server knows no such activity any more: its workflow was
// terminated, or another attempt has begun.
func gone(err error) bool { return status.Code(err) == codes.NotFound }
