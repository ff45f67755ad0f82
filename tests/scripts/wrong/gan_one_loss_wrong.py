"""An auxiliary-classifier GAN: the adversarial losses are right, the class head is softmaxed before CrossEntropyLoss."""
import torch
import torch.nn as nn

torch.manual_seed(42)
N, CLASSES = 32, 4


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 24), nn.LeakyReLU(0.2))
        self.adv_layer = nn.Sequential(nn.Linear(24, 1), nn.Sigmoid())
        self.aux_layer = nn.Sequential(nn.Linear(24, CLASSES), nn.Softmax(dim=1))

    def forward(self, x):
        h = self.body(x)
        return self.adv_layer(h), self.aux_layer(h)


generator = nn.Sequential(nn.Linear(4 + CLASSES, 24), nn.ReLU(), nn.Linear(24, 6))
discriminator = Discriminator()
adversarial_loss = nn.BCELoss()
auxiliary_loss = nn.CrossEntropyLoss()
optimizer_G = torch.optim.Adam(generator.parameters(), lr=1e-3)
optimizer_D = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
valid, fake = torch.ones(N, 1), torch.zeros(N, 1)
for step in range(20):
    labels = torch.randint(CLASSES, (N,))
    real = torch.randn(N, 6) + labels[:, None]
    gen_labels = torch.randint(CLASSES, (N,))
    gen = generator(torch.cat([torch.randn(N, 4), torch.eye(CLASSES)[gen_labels]], dim=1))

    optimizer_G.zero_grad()
    validity, pred_label = discriminator(gen)
    adv_loss = adversarial_loss(validity, valid)
    aux_loss = auxiliary_loss(pred_label, gen_labels)  # expect: error double-softmax
    g_loss = 0.5 * (adv_loss + aux_loss)
    g_loss.backward()
    optimizer_G.step()

    optimizer_D.zero_grad()
    real_pred, real_aux = discriminator(real)
    real_class = auxiliary_loss(real_aux, labels)  # expect: error double-softmax
    fake_pred, _ = discriminator(gen.detach())
    d_loss = (adversarial_loss(real_pred, valid) + adversarial_loss(fake_pred, fake)) / 2 + real_class
    d_loss.backward()
    optimizer_D.step()
print(f"{d_loss.item():.4f} {g_loss.item():.4f}")
