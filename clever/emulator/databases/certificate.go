package databases

import (
	"errors"
	"os"
	"path/filepath"

	"runner/clever/emulator/services"
)

// The names of the server's certificate and of its key.
const (
	certificateFile = "server.crt"
	keyFile         = "server.key"
)

// certify writes a certificate for 127.0.0.1, signed by itself, and its key.
func certify(dir string, a *account) error {
	certificate, key, err := services.NewCertificate()
	if err != nil {
		return err
	}
	write := func(name string, text []byte) error {
		path := filepath.Join(dir, name)
		return errors.Join(os.WriteFile(path, text, 0o600), a.own(path))
	}
	return errors.Join(write(certificateFile, certificate), write(keyFile, key))
}
